package config

import "time"

// Migration is the system that the pool's people come from: it is asked, once for each, whether the password that
// somebody types is right there. One of HTTP and Cognito is set, or none.
type Migration struct {
	HTTP    *MigrationHook    `yaml:"http"`
	Cognito *MigrationCognito `yaml:"cognito"`
}

// MigrationHook is an address that is sent user name and password by POST, with Secret as bearer token (RFC 6750 §2.1).
// Timeout is 5 s by default.
type MigrationHook struct {
	URL     string        `yaml:"url,required" say:"for example  url: https://old.example/check-password"`
	Secret  Secret        `yaml:"secret"`
	Timeout time.Duration `yaml:"timeout" min:"500ms" max:"10s"`
}

// MigrationCognito is an app client of a Cognito-style pool, with the flow ALLOW_USER_PASSWORD_AUTH. Where the pool is
// is said by one of Region, UserPoolID and Endpoint; the first two mean Amazon's. Timeout is 5 s by default.
type MigrationCognito struct {
	Region       string        `yaml:"region"`
	UserPoolID   string        `yaml:"user_pool_id"`
	Endpoint     string        `yaml:"endpoint"`
	ClientID     string        `yaml:"client_id,required" say:"the id of an app client of the old pool"`
	ClientSecret Secret        `yaml:"client_secret"`
	Timeout      time.Duration `yaml:"timeout" min:"500ms" max:"10s"`
}

const migrationTimeout = 5 * time.Second

func (m *MigrationHook) setDefaults() { m.Timeout = migrationTimeout }

func (m *MigrationCognito) setDefaults() { m.Timeout = migrationTimeout }

// Address is where the pool's API answers.
func (m *MigrationCognito) Address() string {
	region := m.Region
	if m.UserPoolID != "" {
		region = poolRegion(m.UserPoolID)
	}
	if region != "" {
		return "https://cognito-idp." + region + ".amazonaws.com"
	}
	return m.Endpoint
}

package presettest

import (
	"fmt"
	"strings"
	"sync"

	"github.com/isthmus-hub/isthmus/idp/idptest"
)

// What the hub is registered as at every stand-in.
const (
	ClientID     = "hub-client"
	ClientSecret = "hub-secret-0123456789"
)

// Person is somebody in neutral words; each provider tells of them in its own.
type Person struct {
	ID          string // as the provider gives it; digits at GitHub
	Login       string
	First, Last string
	Email       string // empty: none there
	Verified    bool   // the provider has verified the address
	Private     bool   // GitHub: the profile shows no address
	Unlisted    bool   // GitHub: the app may not read the list of addresses
	Tenant      string // Entra: the directory that they are of
	DomainOwned bool   // Entra: xms_edov
	Thin        bool   // the ID token holds no address; userinfo does
}

// Name is both names.
func (p Person) Name() string { return strings.TrimSpace(p.First + " " + p.Last) }

// Provider is a running stand-in. Its methods are safe for concurrent use.
type Provider struct {
	Name string            // of the preset
	OIDC *idptest.Provider // nil for plain OAuth 2

	base  string
	yaml  string
	mu    sync.Mutex
	who   Person
	seen  map[string]bool // Apple: who has signed in before
	calls map[string]int  // by path
	plain *plain
}

// New starts the stand-in of a preset for one person. It ends with the test.
func New(t idptest.TB, name string, who Person) *Provider {
	t.Helper()
	p := &Provider{Name: name, who: who, seen: map[string]bool{}, calls: map[string]int{}}
	start, ok := starts[name]
	if !ok {
		t.Fatalf("presettest: no stand-in for %q", name)
		return nil
	}
	start(t, p)
	return p
}

var starts = map[string]func(idptest.TB, *Provider){
	"google": google, "entra": entra, "apple": apple, "gitlab": gitlab, "okta": okta, "auth0": auth0, "keycloak": keycloak, "cognito": cognito,
	"github": github, "facebook": facebook, "amazon": amazon, "linkedin": linkedin,
}

// Names are the presets that have a stand-in.
func Names() []string {
	var names []string
	for name := range starts {
		names = append(names, name)
	}
	return names
}

// SetPerson changes who signs in from now on.
func (p *Provider) SetPerson(who Person) {
	p.mu.Lock()
	p.who = who
	p.mu.Unlock()
	if p.OIDC != nil {
		p.OIDC.SetUser(idptest.User{Subject: who.ID})
	}
}

func (p *Provider) person() Person {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.who
}

// YAML is the stand-in as a provider of a hub's file, indented as an element of a pool's list. What else it must have
// can be appended, line by line.
func (p *Provider) YAML(more ...string) string {
	text := fmt.Sprintf("      - preset: %s\n        client_id: %s\n", p.Name, ClientID)
	for _, line := range append(strings.Split(strings.TrimSuffix(p.yaml, "\n"), "\n"), more...) {
		text += "        " + line + "\n"
	}
	return text
}

const secretLine = "client_secret: " + ClientSecret + "\n"

// URL is an address of the stand-in.
func (p *Provider) URL(path string) string { return p.base + path }

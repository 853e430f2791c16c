package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
)

// Contract is what a program needs to know of a running demo, as
// `isthmus demo --json` prints it.
type Contract struct {
	Master    Registration  `json:"master"`
	Corporate Directory     `json:"corporate"`
	App       AppRegistered `json:"app"`
	Travel    AppRegistered `json:"travel"` // the second app
}

// Registration is a client at the master pool: the app's.
type Registration struct {
	Issuer       string `json:"issuer"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	RedirectURI  string `json:"redirect_uri"`
}

// Directory is the corporate pool with one person who is ready and one who must
// choose a password first.
type Directory struct {
	Issuer   string  `json:"issuer"`
	Username string  `json:"username"`
	Password string  `json:"password"`
	NewUser  NewUser `json:"new_user"`
}

// NewUser is a person with a temporary password.
type NewUser struct {
	Username          string `json:"username"`
	TemporaryPassword string `json:"temporary_password"`
}

// AppRegistered is where the sample app is.
type AppRegistered struct {
	URL string `json:"url"`
}

// Contract tells a program what it needs.
func (d *Demo) Contract() Contract {
	p := d.plan
	return Contract{
		Master:    Registration{p.Master(), clientID, p.ClientSecret, p.App() + p.CallbackPath},
		Corporate: Directory{p.Corporate(), p.Ana.Username, p.Ana.Password, NewUser{p.Ben.Username, p.Ben.Password}},
		App:       AppRegistered{p.App()},
		Travel:    AppRegistered{p.Travel()},
	}
}

// PrintJSON writes the Contract on one line.
func (d *Demo) PrintJSON(w io.Writer) error { return json.NewEncoder(w).Encode(d.Contract()) }

// Print tells a person in five lines what runs where and what to do with it.
func (d *Demo) Print(ctx context.Context, w io.Writer) error {
	p := d.plan
	running := fmt.Sprintf("the master pool at %s, the corporate pool at %s", p.Master(), p.Corporate())
	if d.Corporate == nil {
		running = fmt.Sprintf("the master pool at %s; the corporate pool does not", p.Master())
	}
	second := "the temporary password " + p.Ben.Password
	if !d.waiting(ctx, p.Ben) {
		second = "the password that was chosen here"
	}
	then := [2]string{"Then try", p.Travel() + ", which wants no password; sign out there, or of the company: watch"}
	last := [2]string{"Break it", "isthmus demo --fault wrong-secret; or look inside: isthmus user list -c " + d.File(masterPool)}
	if d.fault.Name != "" {
		then = [2]string{"Broken", d.fault.What}
		last = [2]string{"Expect", d.fault.See}
	}
	if d.fault.Told {
		last[1] += "; the reason appears here"
	}
	for _, line := range [][2]string{
		{"Running", running},
		{"Open", p.App() + "  and choose Sign in, then Sign in with your corporate ID"},
		{"Sign in", fmt.Sprintf("as %s with %s, or as %s with %s", p.Ana.Username, p.Ana.Password, p.Ben.Username, second)},
		then,
		last,
	} {
		if _, err := fmt.Fprintf(w, "%-10s%s\n", line[0], line[1]); err != nil {
			return err
		}
	}
	return nil
}

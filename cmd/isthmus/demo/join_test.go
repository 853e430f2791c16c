package demo

import (
	"testing"

	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/mapping"
)

// TestJoinAccounts is Ana, who has an account of the master pool's own from before:
// she is asked, proves it in the same sign-in, and sees both ways into it. Bea, who
// is about to add Ana's corporate ID to her own account, sees both names and
// leaves it.
func TestJoinAccounts(t *testing.T) {
	d := begin(t, Options{})
	pool := d.Master.Pools()[0]
	pool.Providers[0].TrustedDomains = []string{"corp.example"}
	local := map[string]Person{}
	for name, email := range map[string]string{"ana.before": "ana@corp.example", "bea": "bea@home.example"} {
		who := Person{Username: name, Password: "Bridge-Copper-7-Dune"}
		_, err := d.Master.Directory.Create(t.Context(), pool, directory.NewUser{Username: name, Password: who.Password, Attributes: mapping.Attributes{
			"email": email, "given_name": "Ana", "family_name": "Example",
		}})
		if err != nil {
			t.Fatal(err)
		}
		local[name] = who
	}

	bea := visit(t)
	bea.withoutScript()
	bea.open(d.plan.Master() + "/account/links")
	bea.signIn(local["bea"])
	bea.sees("Ways to sign in", "Your user name and password here", "Add a way to sign in")
	bea.look("links-password")
	bea.press("CorporateID")
	bea.signIn(d.plan.Ana)
	bea.sees("Add this way to sign in?", "bea@home.example", "ana@corp.example")
	bea.look("link")
	bea.press("Leave it")
	bea.sees("Ways to sign in")
	bea.hasNot("Added by you")

	p := visit(t)
	p.open(d.plan.App())
	p.press("Sign in")
	p.press(corporate)
	p.signIn(d.plan.Ana)
	p.sees("Is this account yours?", "a***@corp.example", "Password of that account")
	p.look("join")
	p.toggle("It is mine, but I cannot sign in to it")
	p.sees("Take the account over")
	p.look("join-claim")
	p.fill("password", "not-this-one")
	p.press("Sign in and join")
	p.sees("This is not the password of that account")
	p.look("join-wrong")
	p.fill("password", local["ana.before"].Password)
	p.press("Sign in and join")
	p.at(d.plan.App())
	p.open(d.plan.Master() + "/account/links")
	p.sees("Added by you", "Password")
	p.look("links")
	p.press("Remove CorporateID")
	p.sees("Sign in")
	p.signIn(local["ana.before"])
	p.sees("Your user name and password here")
	p.hasNot("Added by you")
	p.look("links-removed")
}

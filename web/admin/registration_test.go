package admin_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/register"
	"github.com/isthmus-hub/isthmus/web/admin"
)

// plant registers a client in a pool, which it opens.
func (r *rig) plant(t *testing.T, p *hub.Pool) *register.Information {
	t.Helper()
	p.Registration = true
	token, _, err := register.Open(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	made, err := register.Create(t.Context(), p, token, []byte(`{"client_name":"Notes","redirect_uris":["https://notes.example/cb"]}`), hub.Visitor{})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// An operator opens a pool for one app, sees what registered, and takes it out.
func TestRegistrationByOperators(t *testing.T) {
	r := newRig(t)
	if _, err := r.client.OpenRegistration(t.Context(), "other"); code(err) != "registration_closed" || len(r.events()) != 0 {
		t.Errorf("a token for a closed pool: %v", err)
	}
	r.Pool.Registration = true
	opened, err := r.client.OpenRegistration(t.Context(), "master")
	if err != nil || opened.Endpoint != hubtest.Issuer+"/oauth2/register" || !opened.Expires.Equal(r.Now().Add(hub.RegistrationTokenLife)) {
		t.Fatalf("token %+v, %v", opened, err)
	}
	made, err := register.Create(t.Context(), r.Pool, opened.Token, []byte(`{"redirect_uris":["https://notes.example/cb"]}`), hub.Visitor{})
	if err != nil {
		t.Fatal(err)
	}
	list, err := r.client.Clients(t.Context(), "master")
	if err != nil || len(list) != 3 {
		t.Fatalf("clients %+v, %v", list, err)
	}
	if got := list[0]; got.ID != hubtest.ClientID || got.Source != admin.SourceFile || got.Name != "Expenses" || got.Public {
		t.Errorf("of the file: %+v", got)
	}
	if got := list[2]; got.ID != made.ID || got.Source != admin.SourceRegistered || got.Name != "notes.example" || !got.Created.Equal(r.Now()) {
		t.Errorf("registered: %+v", got)
	}
	_, _, text := r.send(t, "GET", "/pools/master/clients", "")
	stored := r.Pool.Registered.Find(made.ID)
	for _, secret := range []string{made.Secret, made.Token, stored.Token, opened.Token, hubtest.ClientSecret} {
		if strings.Contains(text, secret) {
			t.Errorf("the list has a secret: %s", text)
		}
	}

	r.events()
	for id, want := range map[string]string{hubtest.ClientID: "client_of_the_file", "nobody": "no_such_client"} {
		if _, err := r.client.DeleteClient(t.Context(), "master", id); code(err) != want || len(r.events()) != 0 {
			t.Errorf("deletion of %s: %v", id, err)
		}
	}
	if _, err := r.client.DeleteClient(t.Context(), "other", made.ID); code(err) != "no_such_client" {
		t.Errorf("deletion through another pool: %v", err)
	}
	if status, e, _ := r.send(t, "DELETE", "/pools/master/clients/"+made.ID, `{"force":true}`); status != http.StatusBadRequest || e.Field != "force" {
		t.Errorf("an unknown field: %d %+v", status, e)
	}
	gone, err := r.client.DeleteClient(t.Context(), "master", made.ID)
	if err != nil || gone.ID != made.ID || gone.Name != "notes.example" {
		t.Fatalf("deletion: %+v, %v", gone, err)
	}
	if _, ok := r.Pool.Client(made.ID); ok {
		t.Error("the client is still there")
	}
	if events := r.events(); len(events) != 2 || events[1].Name != hub.ClientDeleted || events[1].Client != made.ID || !events[1].OK || events[1].Actor == "" {
		t.Errorf("events %+v", events)
	}
}

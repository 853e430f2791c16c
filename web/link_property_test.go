package web_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/idp/idptest"
	"github.com/isthmus-hub/isthmus/mapping"
)

// Whatever people, providers and strangers do, and in whatever order, two
// identities meet in one user only by one of the proofs: the rule's, with both
// addresses proven; a password that was right; an identity that the account had; or
// a claim of what nobody had proven.
func TestA79_IdentitiesMeetByProofOnly(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(10) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t, seed)
			w.live(40)
			for _, u := range w.Users(w.Pool) {
				for _, l := range u.Links {
					if l.Evidence != nil {
						how, _, _ := strings.Cut(l.Evidence.Why, " ")
						seen[how] = true
					}
				}
			}
		})
	}
	if len(seen) != 4 {
		t.Errorf("joined only by %v", seen)
	}
}

// world is a pool with people who come in anyhow.
type world struct {
	*testing.T
	*site
	random  *rand.Rand
	ups     map[string]*idptest.Provider
	trusted map[string]string // provider to its domain
	right   map[string]string // sub to password
	met     map[string]string // key of a link that was joined to sub: what the proofs allow
}

var worldAddresses = func() []string {
	list := []string{"ana@corp.example"}
	for i := range 12 {
		list = append(list, fmt.Sprintf("P%d@%s", i, []string{"corp.example", "home.example", "a.corp.example", "Corp.Example"}[i%4]))
	}
	return list
}()

// freeAddresses are nobody's at first.
var freeAddresses = []string{"q1@corp.example", "q2@home.example", "q3@corp.example", "q4@home.example", "q5@other.example", "q6@other.example"}

func newWorld(t *testing.T, seed uint64) *world {
	h := hubtest.New(t)
	w := &world{T: t, random: rand.New(rand.NewPCG(seed, 7)), ups: map[string]*idptest.Provider{}, trusted: map[string]string{"Corp": "corp.example", "Home": "home.example"},
		right: map[string]string{}, met: map[string]string{}}
	for _, name := range []string{"Corp", "Home", "Any"} {
		w.ups[name] = idptest.New(t, idptest.Config{Algorithm: "ES256"})
		pr := h.Link(h.Pool, name, w.ups[name])
		pr.OnMatch = hub.MatchAsk
		if d := w.trusted[name]; d != "" {
			pr.TrustedDomains = []string{d}
		}
	}
	w.right[h.User(h.Pool, hubtest.Username).Sub] = hubtest.Password
	for i, address := range worldAddresses[1:] {
		attributes := mapping.Attributes{"email": address}
		if i%3 == 0 {
			attributes["email_verified"] = "true"
		}
		u := h.AddUser(h.Pool, fmt.Sprintf("local%d", i), directory.NewUser{Password: fmt.Sprintf("Passw0rd-%d", i), Attributes: attributes})
		w.right[u.Sub] = fmt.Sprintf("Passw0rd-%d", i)
	}
	w.site = serve(t, h)
	return w
}

func pick[T any](w *world, list ...T) T { return list[w.random.IntN(len(list))] }

// someone comes to a provider as anybody, with any address, proven or not.
func (w *world) someone(provider string) (subject, address string, verified bool) {
	subject, address = fmt.Sprintf("s%d", w.random.IntN(12)), pick(w, append(freeAddresses, worldAddresses...)...)
	flag := pick[any](w, true, true, false, "true", nil)
	w.ups[provider].SetUser(person(subject, address, flag))
	return subject, address, flag == true
}

func (w *world) live(steps int) {
	for range steps {
		provider := pick(w, "Corp", "Home", "Any")
		subject, address, verified := w.someone(provider)
		key := hub.Link{Provider: provider, Issuer: w.ups[provider].Issuer(), Subject: subject}.Key()
		w.allowRule(provider, key, address, verified)
		b := w.browser(w.T)
		r := b.authorize("identity_provider", provider)
		w.check("came by " + provider)
		if !r.asked(w.T) {
			continue
		}
		account := w.matching(address)
		if account == nil {
			w.Fatalf("asked about %s, which is not one account's", address)
		}
		acts := []string{"apart", "wrong", "right", "provider", "claim", "leave"}
		if account.Federated() {
			acts = []string{"apart", "right", "provider", "provider", "claim"}
		}
		switch act := pick(w, acts...); act {
		case "wrong":
			b.submit(r, "password", "Wr0ng-Wr0ng")
		case "right":
			if w.right[account.Sub] != "" {
				w.met[key] = account.Sub
				b.submit(r, "password", w.right[account.Sub])
			}
		case "provider":
			by := pick(w, "Corp", "Home", "Any")
			if len(account.Links) > 0 {
				by = account.Links[0].Provider
			}
			if by == provider {
				continue
			}
			other, _, _ := w.someone(by)
			for _, l := range account.Links { // mostly it is her own, if she has one there
				if l.Provider == by && w.random.IntN(3) > 0 {
					other = l.Subject
					w.ups[by].SetUser(person(other, address, false))
				}
			}
			if _, has := account.Link(hub.Link{Provider: by, Issuer: w.ups[by].Issuer(), Subject: other}.Key()); has {
				w.met[key] = account.Sub
			}
			tx := r.doc(w.T).Find("input[name=tx]").AttrOr("value", "")
			b.get(hubtest.Issuer + "/login/join?tx=" + tx + "&identity_provider=" + by)
		case "claim":
			_, domain, _ := strings.Cut(account.Attributes["email"], "@")
			if w.trusted[provider] == strings.ToLower(domain) && account.Attributes["email_verified"] != "true" && !account.Federated() {
				w.met[key] = account.Sub
				delete(w.right, account.Sub)
			}
			b.submit(r, "choice", "claim")
		default:
			b.submit(r, "choice", act)
		}
		w.check("answered")
	}
}

// matching is the one account with an address; nil if there is none, or more.
func (w *world) matching(address string) (account *hub.User) {
	for _, u := range w.Users(w.Pool) {
		if strings.EqualFold(u.Attributes["email"], address) {
			if account != nil {
				return nil
			}
			account = u
		}
	}
	return account
}

// allowRule notes what the rule may join: its own reckoning, from the outside.
func (w *world) allowRule(provider, key, address string, verified bool) {
	_, domain, _ := strings.Cut(address, "@")
	u := w.matching(address)
	if u == nil || !verified || w.trusted[provider] != strings.ToLower(domain) || u.Attributes["email_verified"] != "true" {
		return
	}
	for _, l := range u.Links {
		if w.trusted[l.Provider] != strings.ToLower(domain) {
			return
		}
	}
	if _, taken := w.met[key]; !taken {
		w.met[key] = u.Sub
	}
}

// check holds every user to what the proofs allow.
func (w *world) check(when string) {
	w.Helper()
	holder := map[string]string{}
	for _, u := range w.Users(w.Pool) {
		for i, l := range u.Links {
			if other, twice := holder[l.Key()]; twice {
				w.Fatalf("%s: %s is of %s and of %s", when, l.Key(), other, u.Sub)
			}
			holder[l.Key()] = u.Sub
			switch {
			case l.Primary && i == 0 && l.Evidence == nil && w.right[u.Sub] == "":
			case l.Primary || l.Evidence == nil || l.Evidence.By == "" || l.Evidence.Why == "":
				w.Fatalf("%s: a link without evidence, or a second first one: %+v of %+v", when, l, u)
			case w.met[l.Key()] != u.Sub:
				w.Fatalf("%s: %s came to %s without a proof: %+v", when, l.Key(), u.Username, l.Evidence)
			}
		}
	}
}

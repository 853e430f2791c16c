package admin

import (
	"errors"
	"fmt"
	"strings"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
)

// Duplicate are users who look like one person, with the reason and what to do.
type Duplicate struct {
	Likeness string   `json:"likeness"` // identity, proven_address, address or name
	Shared   string   `json:"shared"`
	Why      string   `json:"why"`    // why they are suspected
	Proven   string   `json:"proven"` // and what of it is proven
	Advice   string   `json:"advice"` // what to do
	Commands []string `json:"commands,omitempty"`
	Users    []User   `json:"users"`          // the oldest first
	More     bool     `json:"more,omitempty"` // there are further users
}

// Duplicates answers GET /pools/{pool}/duplicates.
type Duplicates struct {
	Duplicates []Duplicate `json:"duplicates"`
	More       bool        `json:"more,omitempty"` // there are more groups than the limit
}

// errEnough ends a search that has found what was asked for.
var errEnough = errors.New("enough")

func listDuplicates(_ *api, q *request) (any, error) {
	values, err := q.query("limit")
	if err != nil {
		return nil, err
	}
	n, err := limit(values["limit"])
	if err != nil {
		return nil, err
	}
	answer := Duplicates{Duplicates: []Duplicate{}}
	err = directory.Duplicates(q.Context(), q.pool, func(d directory.Duplicate) error {
		if answer.More = len(answer.Duplicates) == n; answer.More {
			return errEnough
		}
		answer.Duplicates = append(answer.Duplicates, explained(q.pool, d))
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	return &answer, nil
}

// whys are the reasons for a suspicion, and what is proven of it.
var whys = map[directory.Likeness][2]string{
	directory.SameIdentity: {
		"One account at one issuer came in through two providers of the pool.",
		"It is one account upstream: issuer and subject are the same.",
	},
	directory.SameProvenAddress: {
		"They have the same e-mail address, and more than one of them has it verified.",
		"That the address was proven, each time to whoever marked it; not that it was the same person each time, for addresses change hands.",
	},
	directory.SameAddress: {
		"They have the same e-mail address.",
		"Nothing that joins them: at most one of them has proven the address. One may be a stranger's, made early in the other's name.",
	},
	directory.SameName: {
		"They have the same name, and one more thing in common.",
		"Nothing. People share names.",
	},
}

func explained(p *hub.Pool, d directory.Duplicate) Duplicate {
	s := Duplicate{Likeness: string(d.Likeness), Shared: d.Shared, Why: whys[d.Likeness][0], Proven: whys[d.Likeness][1], More: d.More}
	for _, u := range d.Users {
		s.Users = append(s.Users, shown(p, u))
	}
	s.Advice, s.Commands = mend(p, d)
	return s
}

// mend says how to make one user of them. The one that is kept is the oldest that
// has a password, or the oldest; the others' identities come to it, once their
// users are gone (Cognito's order).
func mend(p *hub.Pool, d directory.Duplicate) (advice string, commands []string) {
	for _, u := range d.Users {
		if u.Disabled { // her identities must not open another account (A90)
			return fmt.Sprintf("%s is disabled: find out why before anything is joined. If it is one person, she is to be kept out of the other account too.", u.Username), nil
		}
	}
	keep := d.Users[0]
	for _, u := range d.Users {
		if u.Password != "" {
			keep = u
			break
		}
	}
	passwords := false
	for _, u := range d.Users {
		if u == keep {
			continue
		}
		commands = append(commands, command(p, "user", "delete", u.Sub))
		passwords = passwords || u.Password != ""
		for _, l := range u.Links {
			commands = append(commands, command(p, "user", "link", keep.Sub, "--provider", l.Provider, "--subject", l.Subject, "--issuer", l.Issuer))
		}
	}
	advice = fmt.Sprintf("If it is one person: keep %s, whose sub the apps go on with. What apps hold under another sub is lost to the person, so move it first.", keep.Username)
	if passwords {
		advice += " Another of them has a password too; ask the person which account is hers before anything is deleted."
	}
	if d.Likeness == directory.SameAddress || d.Likeness == directory.SameName {
		advice = "Ask the person first, by a way that you know to be hers. " + advice
	}
	return advice, commands
}

// command is a command line for a POSIX shell. What providers sent is in it, so
// every argument that is not plain is quoted.
func command(p *hub.Pool, args ...string) string {
	var line strings.Builder
	line.WriteString("isthmus")
	for _, arg := range append(args, "--pool", p.Name) {
		line.WriteByte(' ')
		if arg != "" && strings.Trim(arg, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@") == "" {
			line.WriteString(arg)
			continue
		}
		line.WriteString("'" + strings.ReplaceAll(arg, "'", `'\''`) + "'")
	}
	return line.String()
}

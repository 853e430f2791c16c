package admin

import (
	"fmt"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/mapping"
)

// ImportForm is what a file of people has to look like for a pool.
type ImportForm struct {
	Columns []string `json:"columns"` // Cognito's import header
	// Migration tells whether the pool asks another system about passwords, so that
	// people who come without one can sign in.
	Migration bool `json:"migration"`
}

// Import is what POST /pools/{pool}/imports takes: some rows of a file.
type Import struct {
	Users              []ImportRow `json:"users"` // 1 to directory.MaxImport
	DryRun             bool        `json:"dry_run,omitempty"`
	TrustVerified      bool        `json:"trust_verified,omitempty"`
	TemporaryPasswords bool        `json:"temporary_passwords,omitempty"`
}

// ImportRow is one person to be.
type ImportRow struct {
	Username   string            `json:"username"`
	Attributes map[string]string `json:"attributes,omitempty"`
}

// Imported is what became of the rows, in their order.
type Imported struct {
	Users []ImportedUser `json:"users"`
}

// ImportedUser is what became of one row.
type ImportedUser struct {
	Outcome string `json:"outcome"` // created, skipped, given or refused
	Sub     string `json:"sub,omitempty"`
	Reason  string `json:"reason,omitempty"`
	// TemporaryPassword is the one that was made, this once.
	TemporaryPassword string `json:"temporary_password,omitempty"`
}

func importForm(_ *api, q *request) (any, error) {
	return &ImportForm{Columns: directory.ImportColumns(q.pool.Schema), Migration: q.pool.Migration != nil}, nil
}

func importUsers(a *api, q *request) (any, error) {
	var n Import
	if err := q.decode(&n); err != nil {
		return nil, err
	}
	if len(n.Users) == 0 || len(n.Users) > directory.MaxImport {
		return nil, invalid("users", "users are 1 to %d people at a time.", directory.MaxImport)
	}
	rows := make([]directory.Row, len(n.Users))
	for i, u := range n.Users {
		rows[i] = directory.Row{Username: u.Username, Attributes: mapping.Attributes(u.Attributes)}
	}
	o := directory.ImportOptions{DryRun: n.DryRun, TrustVerified: n.TrustVerified}
	if n.TemporaryPasswords {
		o.Temporary = func() string { return temporaryPassword(q.pool.PasswordPolicy) }
	}
	answer := &Imported{Users: make([]ImportedUser, len(rows))}
	do := func() error {
		list, err := a.Directory.Import(q.Context(), q.pool, rows, o)
		if err != nil {
			return err
		}
		for i, u := range list {
			answer.Users[i] = ImportedUser{Outcome: string(u.Outcome), Sub: u.Sub, Reason: u.Reason, TemporaryPassword: u.Password}
		}
		return nil
	}
	if n.DryRun {
		return answer, do()
	}
	e := hub.Event{Name: hub.UsersImported}
	err := a.actAs(q, &e, func() (string, error) {
		err := do()
		e.Reason = answer.counted(o)
		return "", err
	})
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// counted tells the outcomes of a batch in one line.
func (m *Imported) counted(o directory.ImportOptions) string {
	n := map[directory.Outcome]int{}
	for _, u := range m.Users {
		n[directory.Outcome(u.Outcome)]++
	}
	s := fmt.Sprintf("%d created, %d skipped, %d refused", n[directory.RowCreated], n[directory.RowSkipped], n[directory.RowRefused])
	if o.Temporary != nil {
		s += fmt.Sprintf(", %d given a temporary password", n[directory.RowGiven])
	}
	if o.TrustVerified {
		s += ", verified flags taken"
	}
	return s
}

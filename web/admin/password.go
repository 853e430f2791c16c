package admin

import (
	"crypto/rand"
	"strings"

	"github.com/isthmus-hub/isthmus/hub"
)

// temporaryPassword makes a password that satisfies the policy and holds at
// least 96 random bits (security row A149), in groups that can be read out. Its
// letters are base32's, which has no 0 and no 1 to be taken for O and L; the
// first group is there for policies that want one of each kind.
func temporaryPassword(policy hub.PasswordPolicy) string {
	const group = 5 // characters, of 5 bits each
	var b strings.Builder
	b.WriteString("Tp7")
	for n := 0; n*group*5 < 100 || b.Len() < policy.MinimumLength; n++ {
		b.WriteString("-" + strings.ToLower(rand.Text()[:group]))
	}
	return b.String()
}

package page

import "time"

// everySignOut is each page of the way out in its further states.
func everySignOut(b Base) map[string]Page {
	return map[string]Page{
		"signed out/pending":   &SignedOut{Base: b, From: []string{"Expenses", "Fleet"}, Pending: []string{"Payroll"}, Record: "/logouts/L7", Return: "https://expenses.example/", Client: "Expenses"},
		"signed out/mixed":     &SignedOut{Base: b, From: []string{"Expenses"}, Pending: []string{"Payroll", "Travel"}, Unreached: []string{"Wiki", "Fleet"}, Still: true, Provider: "Google", Record: "/logouts/L7", SignIn: "/login"},
		"sign out, provider":   &SignOutProvider{Base: b, Client: "Expenses", Action: "/logout/provider", Tx: "t1"},
		"sign out, social":     &SignOutProvider{Base: b, Provider: "Google", Action: "/logout/provider", Tx: "t1"},
		"signing out":          &SigningOut{Base: b, Frames: everyFrame(), Next: "/logout/done", Wait: 4 * time.Second, Client: "Expenses"},
		"signing out/no frame": &SigningOut{Base: b, Next: "https://expenses.example/bye?a=1&b=2;c", Wait: time.Second},
	}
}

func everyFrame() []LogoutFrame {
	return []LogoutFrame{
		{Name: "Expenses", URL: "https://expenses.example/out?iss=https%3A%2F%2Fid.example&sid=s1"},
		{Name: "Fleet", URL: "http://fleet.test/out"},
	}
}

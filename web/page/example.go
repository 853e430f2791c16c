package page

import "time"

// examples are the pages, each with much and with little on it, for trying out
// templates that are not ours.
func examples(b Base) []Page {
	ways := []Provider{
		{Name: "CorporateID", Kind: Corporate, Href: "/a", LastUsed: true}, {Name: "Google", Mark: "google", Href: "/b", Unreachable: true},
		{Name: "Other", Href: "/c"}, {Name: "D", Href: "/d"}, {Name: "E", Href: "/e"}, {Name: "F", Href: "/f"}, {Name: "G", Href: "/g"},
	}
	person := Account{Name: "Ana Example", Address: "ana@corp.example"}
	attributes := []Field{
		{Name: "family_name", Problem: FieldMissing, MinLength: 2, MaxLength: 99}, {Name: "address", Optional: true}, {Name: "email", Problem: FieldInvalid},
		{Name: "custom:leads", Type: Boolean, Value: "true"}, {Name: "custom:since", Type: DateTime}, {Name: "custom:level", Label: "Level", Type: Number},
	}
	rules := []Rule{{Rule: RuleLength, Min: 8}, {Rule: RuleLower}, {Rule: RuleUpper}, {Rule: RuleDigit, Broken: true}, {Rule: RuleSymbol}}
	hops := []Hop{
		{Kind: ProviderHop, Name: "CorporateID", Channel: ByBrowser, Outcome: Unknown, From: time.Millisecond, Until: time.Second},
		{Kind: SessionHop, Outcome: Delivered, Until: time.Millisecond},
		{Kind: ClientHop, Name: "Expenses", Channel: BackChannel, Outcome: Refused, Address: "https://app.example/out", From: time.Millisecond, Until: time.Second,
			Attempts: []Attempt{{At: time.Millisecond, Took: time.Second, Status: 400, Error: "refused"}, {At: time.Second, Took: time.Second}}},
		{Kind: ClientHop, Name: "Travel", Channel: FrontChannel, Outcome: Pending, From: time.Millisecond, Next: time.Minute},
		{Kind: ClientHop, Name: "Wiki", Outcome: NotSupported},
	}
	list := []Page{
		&Login{Base: b}, &Login{Base: b, Client: "Expenses", Providers: ways, Step: StepBoth, Problem: WrongPassword, Leave: true, Username: "ana"},
		&Login{Base: b, Client: "Expenses", Step: StepAddress, Identifier: EmailAddress, Problem: AddressMissing},
		&Login{Base: b, Client: "Expenses", Step: StepPassword, Username: "ana", Change: "/login", Problem: PasswordMissing},
		&Login{Base: b, Step: StepPassword}, &Login{Base: b, Client: "Expenses", Account: &person}, &Login{Base: b, Account: &person},
		&NewPassword{Base: b}, &NewPassword{Base: b, Client: "Expenses", Username: "ana", Rules: rules, Fields: attributes, Problem: PasswordRules},
		&Profile{Base: b}, &Profile{Base: b, Client: "Expenses", Fields: attributes},
		&Join{Base: b}, &Join{Base: b, Client: "Expenses", Address: "a***@corp.example", Providers: ways, Password: true, Apart: true, Claim: true, Problem: WrongJoinPassword},
		&Link{Base: b}, &Link{Base: b, Account: person, Provider: "Google", Identity: person},
		&Links{Base: b}, &Links{Base: b, Account: person, Password: true, Add: ways, Problem: LastWay, Ways: []Way{
			{Name: "CorporateID", Identity: "a***@corp.example", Origin: OriginFirst, Since: time.Unix(0, 0).UTC(), Link: "l", Fixed: true, Current: true}, {Name: "Google", Link: "m"}}},
		&Links{Base: b, Account: person, Done: true},
		&SignedOut{Base: b}, &SignedOut{Base: b, From: []string{"Expenses", "Fleet"}, Pending: []string{"Payroll"}, Unreached: []string{"Wiki"}, Still: true,
			Return: "https://app.example/", Client: "Expenses", SignIn: "/login", Record: "/logout/record"},
		&SignOutConfirm{Base: b}, &SignOutConfirm{Base: b, Account: person, Client: "Expenses", Apps: []string{"Fleet"}},
		&SignOutProvider{Base: b}, &SignOutProvider{Base: b, Client: "Expenses", Provider: "Google"},
		&SigningOut{Base: b}, &SigningOut{Base: b, Client: "Expenses", Next: "/logout/next", Wait: time.Second, Frames: []LogoutFrame{{"Expenses", "https://app.example/out"}}},
		&Device{Base: b, Problem: WrongDeviceCode}, &Device{Base: b, Client: "Expenses", Account: &person, UserCode: "WDJB-MJHT", Address: "192.0.2.7"},
		&Device{Base: b, Client: "Expenses", Allowed: true}, &Device{Base: b, Client: "Expenses", Denied: true},
		&Switch{Base: b}, &Switch{Base: b, Client: "Expenses", Current: person, Other: person},
		&Working{Base: b}, &Working{Base: b, Client: "Expenses", Action: "https://app.example/cb", Method: "post", Fields: []Hidden{{"code", "x"}}},
		&Code{Base: b}, &Code{Base: b, Client: "Expenses", To: "a***@corp.example", Resend: time.Minute, Problem: WrongCode},
		&Button{Base: b}, &Button{Base: b, Client: "Expenses", Way: Provider{Name: "CorporateID", Kind: Corporate, Href: "https://app.example/start"}, ByApp: true},
		&Button{Base: b, Client: "Expenses", Way: Provider{Name: "Google", Mark: "google", Href: "https://app.example/start"}},
		&Error{Base: b, Status: 404}, &Error{Base: b, Status: 500, RequestID: "R"},
		&LogoutRecord{Base: b}, &LogoutRecord{Base: b, ID: "K7QF-2M9X", Begun: time.Unix(0, 0).UTC(), Cause: ByApp, CauseName: "Expenses", Account: "ana", Open: true,
			Took: time.Second, Hub: "Example", Hops: hops, Return: "https://app.example/", Client: "Expenses", Details: true, Refresh: time.Second, Toggle: "/logout/record"},
	}
	for _, reason := range []Reason{Cancelled, ProviderSilent, AttributeRefused, TooManyAttempts, Expired, OtherBrowser, RequestRefused, SignOutRefused, Unavailable} {
		list = append(list, &Stopped{Base: b, Reason: reason}, &Stopped{
			Base: b, Reason: reason, Client: "Expenses", Provider: "Google", Attribute: "family_name", Code: "K7QF-2M9X", Retry: "/login", Leave: "/login", Tx: "t",
			Others: ways, Wait: time.Minute, Mismatches: []Mismatch{{Name: "redirect_uri", Received: "https://a.example", Registered: []string{"https://b.example"}}},
		})
	}
	return list
}

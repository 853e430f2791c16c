package app

// Sample is what a sample app is about: its words, its colour and its data.
type Sample struct {
	Name    string // on its pages
	Colour  string // a class of the style sheet
	Ask     string // on the start page
	Wish    string // why one should sign in, to end "Sign in to"
	Title   string // of the data
	Columns [3]string
	Items   []Item
	API     string // path of the one resource of its API
	Realm   string
}

// Item is one line of the API's answer.
type Item struct {
	Day  string `json:"day"`
	What string `json:"what"`
	Note string `json:"note"`
}

// Expenses is the first app of the demo.
var Expenses = Sample{
	Name: "Expenses", Colour: "copper", Ask: "What did you spend?", Wish: "see your expenses",
	Title: "Your expenses", Columns: [3]string{"Day", "For", "Amount"}, API: "/api/expenses", Realm: "expenses",
	Items: []Item{
		{"12 November", "Train to the harbour office", "48.20"},
		{"13 November", "Lunch with the visitors", "31.50"},
		{"18 November", "Paper, pens, one stapler", "17.95"},
	},
}

// Travel is the second: whoever has signed in at the first is known to it.
var Travel = Sample{
	Name: "Travel", Colour: "plum", Ask: "Where are you going?", Wish: "see your trips",
	Title: "Your trips", Columns: [3]string{"Day", "To", "Seat"}, API: "/api/trips", Realm: "travel",
	Items: []Item{
		{"24 November", "Harbour office, by train", "12A"},
		{"27 November", "The island, by the morning ferry", "Deck"},
		{"1 December", "Home, by the night train", "31C"},
	},
}

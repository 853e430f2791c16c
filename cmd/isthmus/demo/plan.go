package demo

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"

	"github.com/isthmus-hub/isthmus/cmd/isthmus/demo/app"
	"github.com/isthmus-hub/isthmus/config"
)

// Names in the configurations.
const (
	masterPool    = "master"
	corporatePool = "corporate"
	providerName  = "CorporateID"
	clientID      = "expenses"
	apiScope      = "expenses/read"
	travelID      = "travel"
	travelScope   = "travel/read"
)

// Person is somebody in the corporate pool.
type Person struct {
	Username string
	Given    string
	Family   string
	Password string
}

// Email is the person's address.
func (p Person) Email() string { return p.Username + "@corp.example" }

// plan is everything the two configurations and the apps are made of. A Fault
// changes the part that it breaks.
type plan struct {
	Ports        Ports
	Ana, Ben     Person // Ben's password is temporary
	ClientSecret string // of the app at the master pool
	TravelSecret string // of the second app
	LinkSecret   string // of the master pool at the corporate pool

	// What the master pool and the apps believe.
	Issuer       string // of the corporate pool
	HeldSecret   string // of the link
	LinkScopes   string
	OnMissing    string // of the family name
	Creation     bool
	CallbackPath string // of the app's redirect_uri, as it sends it
	Down         bool   // the corporate pool does not run
}

// newPlan makes a plan in which everything is right. People keep the passwords
// of an earlier one.
func newPlan(ports Ports, before *past) *plan {
	p := &plan{
		Ports:        ports,
		Ana:          Person{Username: "ana", Given: "Ana", Family: "Example"},
		Ben:          Person{Username: "ben", Given: "Ben", Family: "Example"},
		ClientSecret: rand.Text(), TravelSecret: rand.Text(), LinkSecret: rand.Text(),
		LinkScopes: "openid email profile", OnMissing: "refuse", Creation: true, CallbackPath: app.CallbackPath,
	}
	p.Issuer, p.HeldSecret = p.Corporate(), p.LinkSecret
	for _, person := range []*Person{&p.Ana, &p.Ben} {
		if person.Password = before.passwords[person.Username]; person.Password == "" {
			person.Password = newPassword()
		}
	}
	return p
}

// Master, Corporate and App are the addresses.
func (p *plan) Master() string { return "http://" + address(p.Ports.Master) }

// Corporate is the issuer of the corporate pool.
func (p *plan) Corporate() string { return "http://" + address(p.Ports.Corporate) }

// App is the address of the sample app.
func (p *plan) App() string { return "http://" + address(p.Ports.App) }

// Travel is the address of the second app.
func (p *plan) Travel() string { return "http://" + address(p.Ports.Travel) }

//go:embed master.yaml.tmpl
var masterText string

//go:embed corporate.yaml.tmpl
var corporateText string

// text is the configuration of a pool.
func (p *plan) text(pool string) ([]byte, error) {
	source := map[string]string{masterPool: masterText, corporatePool: corporateText}[pool]
	t, err := template.New(pool).Option("missingkey=error").Parse(source)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, p)
	return b.Bytes(), err
}

// past is what a folder tells of an earlier demo in it; zero if there was none.
type past struct {
	ports     Ports
	passwords map[string]string
}

// earlier reads the configurations that a folder holds.
func earlier(dir string) (*past, error) {
	p := &past{}
	master, err := read(filepath.Join(dir, masterPool+".yaml"))
	if err != nil || master == nil {
		return p, err
	}
	corporate, err := read(filepath.Join(dir, corporatePool+".yaml"))
	if err != nil || corporate == nil {
		return p, err
	}
	p.ports = Ports{Master: portOf(master.Pools[0].Issuer), Corporate: portOf(corporate.Pools[0].Issuer)}
	for _, c := range master.Pools[0].Clients {
		switch {
		case len(c.CallbackURLs) == 0:
		case c.ID == clientID:
			p.ports.App = portOf(c.CallbackURLs[0])
		case c.ID == travelID:
			p.ports.Travel = portOf(c.CallbackURLs[0])
		}
	}
	p.passwords = map[string]string{}
	for _, u := range corporate.Pools[0].Users {
		p.passwords[u.Username] = u.Password.Reveal() + u.TemporaryPassword.Reveal() // one of them is set
	}
	return p, nil
}

// read loads a configuration, or nil if there is none.
func read(path string) (*config.Config, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	cfg, err := config.Load(path, config.Environment{})
	if err != nil {
		return nil, fmt.Errorf("the folder holds something else than a demo, or one that was changed:\n%w", err)
	}
	return cfg, nil
}

func portOf(address string) int {
	u, err := url.Parse(address)
	if err != nil {
		return 0
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		return 0
	}
	return port
}

// words are what passwords are made of: easy to read out and to type.
var words = strings.Fields(`Amber Anchor Basil Beacon Birch Bridge Canal Cedar Clover Copper Coral Cotton Dune Ember Fable
	Fern Flint Garden Ginger Granite Harbour Hazel Heron Indigo Island Ivory Juniper Kettle Lantern Linen Maple Marble
	Meadow Mint Nutmeg Olive Orchard Otter Paper Pebble Pepper Pine Quartz Raven Ribbon River Saffron Sail Silver Spruce
	Stone Sugar Summer Thistle Thyme Timber Tulip Velvet Violet Walnut Willow Winter Wool Yarrow`)

// newPassword makes a password that fits the default policy, such as
// Copper-Willow-42. It guards a demo on this machine, no more.
func newPassword() string {
	return fmt.Sprintf("%s-%s-%d", words[random(len(words))], words[random(len(words))], 10+random(90))
}

func random(n int) int {
	i, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return int(i.Int64())
}

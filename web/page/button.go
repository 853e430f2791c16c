package page

// Button is the page with the kit for one app and one way in: the button as it
// will look, and what to copy. It is for whoever runs another site.
type Button struct {
	Base
	Client string // name of the app
	// Way is the way in. Its Href is the absolute address that the button leads to;
	// empty: the app has none, and the page says what is missing.
	Way Provider
	// ByApp says that Href is the app's own address, and not a bare authorization
	// request, which the page warns of.
	ByApp bool
}

type buttonView struct {
	Frame
	kitView
	Client   string
	Provider string
	Kit      *Kit // nil: there is none
	ByApp    bool
}

func (p *Button) view(l *locale, f Frame) (string, any) {
	v := &buttonView{Frame: f, Client: p.Client, Provider: p.Way.Name, ByApp: p.ByApp}
	if kit, err := l.kitView(p.Way); err == nil {
		v.kitView = *kit
	}
	v.Kit, _ = l.kit(f.Brand, p.Way) // an address that is none has no kit
	return "button", v
}

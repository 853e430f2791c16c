package mapping

import "slices"

// Row is one line of the contract between a provider and a pool: all that a rule means, with what it left unsaid.
type Row struct {
	Attribute string    `json:"attribute"`
	From      string    `json:"from"` // claims, an expression or a constant, as it is written
	Required  bool      `json:"required,omitempty"`
	OnMissing OnMissing `json:"on_missing"` // of groups also "none": they are taken away, or left where Write says so
	Default   string    `json:"default,omitempty"`
	Write     Write     `json:"write"`
	Trust     bool      `json:"trust_verification,omitempty"`
}

// Contract lists the rules in the schema's order, and last that for groups.
func (m *Mapping) Contract() []Row {
	plans := slices.Clone(m.plans)
	for _, f := range m.flags {
		if f.rule == nil {
			continue
		}
		after := slices.IndexFunc(plans, func(p *plan) bool { return p.attribute.Name == f.address })
		plans = slices.Insert(plans, after+1, f.rule)
	}
	if m.groups != nil {
		plans = append(plans, &m.groups.plan)
	}
	rows := make([]Row, len(plans))
	for i, p := range plans {
		rows[i] = Row{
			Attribute: p.attribute.Name, From: p.from, Required: p.attribute.Required,
			OnMissing: p.onMissing, Default: p.fallback, Write: p.write, Trust: p.trusted,
		}
		if p.constant != nil {
			rows[i].From = "the constant " + *p.constant
		}
		if p.onMissing == "" {
			rows[i].OnMissing = "none"
		}
	}
	return rows
}

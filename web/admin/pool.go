package admin

// Pool is a user pool of the hub.
type Pool struct {
	Name      string `json:"name"`
	Issuer    string `json:"issuer"`
	Providers int    `json:"providers"`
	Clients   int    `json:"clients"`
}

// Pools is the answer of GET /pools.
type Pools struct {
	Pools []Pool `json:"pools"` // in the order of the configuration
}

func listPools(a *api, _ *request) (any, error) {
	list := Pools{Pools: []Pool{}}
	for _, p := range a.Pools() {
		list.Pools = append(list.Pools, Pool{Name: p.Name, Issuer: p.Issuer, Providers: len(p.Providers), Clients: len(p.Clients)})
	}
	return &list, nil
}

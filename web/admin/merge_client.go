package admin

import (
	"context"
	"net/url"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/merge"
)

// People returns a page of a pool's people; after is the Next of the page before.
// export says that they are to leave the hub.
func (c *Client) People(ctx context.Context, pool, after string, passwords, export bool) (People, error) {
	values := url.Values{}
	if passwords {
		values.Set("passwords", "true")
	}
	if export {
		values.Set("why", "export")
	}
	return call[People](ctx, c, "GET", path("pools", pool, "people")+page(values, after, 0), nil)
}

// PeopleOf streams a pool's people page by page.
func (c *Client) PeopleOf(ctx context.Context, o merge.Origin, passwords, export bool) *merge.Source {
	return merge.Pages(o, func(after string) ([]merge.Person, string, error) {
		page, err := c.People(ctx, o.Name, after, passwords, export)
		return page.People, page.Next, err
	})
}

// MergeTerms are what a pool is like for people who come in.
func (c *Client) MergeTerms(ctx context.Context, pool string) (*merge.Terms, error) {
	t, err := call[merge.Terms](ctx, c, "GET", path("pools", pool, "merge-terms"), nil)
	return &t, err
}

// SealPlan returns the pool's seals of a plan's digests.
func (c *Client) SealPlan(ctx context.Context, pool string, texts []string) ([]string, error) {
	s, err := call[Seals](ctx, c, "POST", path("pools", pool, "merge-seals"), Seals{texts})
	return s.Texts, err
}

// Merges lists the merges into a pool.
func (c *Client) Merges(ctx context.Context, pool string) ([]Merge, error) {
	answer, err := call[Merges](ctx, c, "GET", path("pools", pool, "merges"), nil)
	return answer.Merges, err
}

// Merge finds a merge into a pool.
func (c *Client) Merge(ctx context.Context, pool, id string) (Merge, error) {
	return call[Merge](ctx, c, "GET", path("pools", pool, "merges", id), nil)
}

// UndoMerge takes back some entries of a merge, or with dry only looks.
func (c *Client) UndoMerge(ctx context.Context, pool, id, after string, dry bool) (merge.Undoing, error) {
	return call[merge.Undoing](ctx, c, "POST", path("pools", pool, "merges", id, "undo"), Undo{After: after, Dry: dry})
}

// MergeDesk takes the steps of merges into a pool.
func (c *Client) MergeDesk(pool string) merge.Desk { return mergeDesk{c, pool} }

type mergeDesk struct {
	*Client
	pool string
}

func (d mergeDesk) Begin(ctx context.Context, h *merge.Header) (*hub.Merge, error) {
	m, err := call[Merge](ctx, d.Client, "POST", path("pools", d.pool, "merges"), Beginning{Header: *h, Seal: h.Seal})
	return &hub.Merge{ID: m.ID, Joined: m.Joined, Added: m.Added}, err
}

func (d mergeDesk) Step(ctx context.Context, id string, work []merge.Work) ([]merge.Outcome, error) {
	answer, err := call[Outcomes](ctx, d.Client, "POST", path("pools", d.pool, "merges", id, "steps"), Steps{work})
	return answer.Outcomes, err
}

func (d mergeDesk) Finish(ctx context.Context, id string) (*hub.Merge, error) {
	m, err := call[Merge](ctx, d.Client, "POST", path("pools", d.pool, "merges", id, "finish"), nil)
	return &hub.Merge{ID: m.ID, Joined: m.Joined, Added: m.Added}, err
}

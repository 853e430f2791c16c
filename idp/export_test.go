package idp

import "context"

// VerifyForBenchmark verifies a token as Exchange does.
func VerifyForBenchmark(ctx context.Context, p *Provider, raw, access string, r Request) error {
	if _, err := p.verify(ctx, &trace{}, raw, access, r); err != nil {
		return err
	}
	return nil
}

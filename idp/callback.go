package idp

import (
	"context"
	"errors"
	"fmt"
	"net/url"
)

// maxCode bounds an authorization code in bytes.
const maxCode = 8 << 10

// Callback judges the parameters of an authorization response and returns the code. Before it, the caller has matched
// state with its interaction, and so knows that this is the provider it sent the person to.
//
// `iss` must be the configured issuer where it is sent, and must be sent where the metadata promise it (RFC 9207 §2.4);
// for that the metadata are fetched if the process has none yet. An OAuth error becomes an *Error of KindRefused with
// Code and Description cleaned.
func (p *Provider) Callback(ctx context.Context, params url.Values) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Timeout)
	defer cancel()
	var t trace
	code, err := p.callback(ctx, &t, params)
	if err != nil {
		return "", p.finish(err, &t)
	}
	return code, nil
}

func (p *Provider) callback(ctx context.Context, t *trace, params url.Values) (string, *Error) {
	invalid := func(check string, err error) (string, *Error) {
		return "", &Error{Step: StepCallback, Check: check, Kind: KindInvalid, Cause: err}
	}
	for _, name := range []string{"code", "state", "iss", "error", "error_description", "error_uri"} {
		if len(params[name]) > 1 {
			return invalid("parameters", fmt.Errorf("%s was sent more than once", name))
		}
	}
	m, err := p.discover(ctx, t)
	if err != nil {
		return "", err
	}
	switch iss := params.Get("iss"); {
	case params.Has("iss") && !p.Issues(iss):
		return invalid("iss", fmt.Errorf("iss is %q, configured is %q", cut(iss), p.cfg.Issuer))
	case !params.Has("iss") && m.IssInCallback:
		return invalid("iss", errors.New("iss is missing although the provider promises it (RFC 9207)"))
	}
	if params.Has("error") {
		return "", &Error{Step: StepCallback, Check: "error", Kind: KindRefused,
			Code: cut(params.Get("error")), Description: clean(params.Get("error_description"))}
	}
	code := params.Get("code")
	if code == "" {
		return invalid("code", errors.New("neither code nor error was sent"))
	}
	if len(code) > maxCode {
		return invalid("code", fmt.Errorf("code is longer than %d bytes", maxCode))
	}
	return code, nil
}

package oauth

import (
	"bytes"
	"encoding/json"
	"io"
)

// ClaimsRequest is the claims parameter (OpenID Connect Core §5.5): which claims the client wants, and where.
type ClaimsRequest struct {
	UserInfo map[string]*ClaimRequest `json:"userinfo"`
	IDToken  map[string]*ClaimRequest `json:"id_token"`
}

// ClaimRequest qualifies one claim (OpenID Connect Core §5.5.1). A nil *ClaimRequest is the JSON null: wanted, voluntary.
type ClaimRequest struct {
	Essential bool  `json:"essential"`
	Value     any   `json:"value"`
	Values    []any `json:"values"`
}

// ParseClaims reads the JSON text of the claims parameter. Members that it does not know are ignored, as §5.5 asks. The error is
// invalid_request.
func ParseClaims(text string) (*ClaimsRequest, error) {
	var r ClaimsRequest
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	err := d.Decode(&r)
	if err == nil && text[0] != '{' {
		return nil, Errorf(InvalidRequest, "claims must be a JSON object")
	}
	if err == nil {
		if _, extra := d.Token(); extra != io.EOF {
			return nil, Errorf(InvalidRequest, "claims must be one JSON object")
		}
		return &r, nil
	}
	return nil, Wrap(err, InvalidRequest, "claims must be a JSON object of the form of OpenID Connect Core 5.5")
}

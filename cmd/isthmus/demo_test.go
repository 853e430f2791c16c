package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestDemoJSON is the contract with programs that drive the demo: one line, these
// members and no others, when everything answers.
func TestDemoJSON(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	out, in := io.Pipe()
	var errOut bytes.Buffer
	c := root()
	c.SetArgs([]string{"demo", "--json", "--ports", "auto"})
	c.SetOut(in)
	c.SetErr(&errOut)
	ended := make(chan error, 1)
	go func() {
		err := c.ExecuteContext(ctx)
		_ = in.Close()
		ended <- err
	}()
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	if err != nil {
		t.Fatalf("%v; it ended with %v", err, <-ended)
	}

	var contract map[string]any
	if err := json.Unmarshal([]byte(line), &contract); err != nil {
		t.Fatal(err)
	}
	kind := map[string]any{
		"master":    map[string]any{"issuer": "", "client_id": "", "client_secret": "", "redirect_uri": ""},
		"corporate": map[string]any{"issuer": "", "username": "", "password": "", "new_user": map[string]any{"username": "", "temporary_password": ""}},
		"app":       map[string]any{"url": ""},
		"travel":    map[string]any{"url": ""},
	}
	if diff := cmp.Diff(kind, blank(contract)); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	client := &http.Client{Timeout: 5 * time.Second}
	defer client.CloseIdleConnections()
	for _, pool := range []string{"master", "corporate"} {
		issuer := contract[pool].(map[string]any)["issuer"].(string)
		var metadata struct{ Issuer string }
		if err := json.Unmarshal(answer(t, client, issuer+"/.well-known/openid-configuration"), &metadata); err != nil || metadata.Issuer != issuer {
			t.Errorf("%s: issuer %q, %v", pool, metadata.Issuer, err)
		}
	}
	app := contract["app"].(map[string]any)["url"].(string)
	if !strings.Contains(string(answer(t, client, app)), "Expenses") {
		t.Error("the app does not say what it is")
	}
	if travel := contract["travel"].(map[string]any)["url"].(string); !strings.Contains(string(answer(t, client, travel)), "Travel") {
		t.Error("the second app does not say what it is")
	}
	if uri := contract["master"].(map[string]any)["redirect_uri"]; uri != app+"/callback" {
		t.Errorf("redirect_uri is %s", uri)
	}

	interrupt()
	if rest, err := io.ReadAll(lines); err != nil || len(rest) > 0 {
		t.Errorf("after the line: %q, %v", rest, err)
	}
	if err := <-ended; err != nil {
		t.Errorf("interrupted: %v", err)
	}
	if errOut.Len() > 0 {
		t.Errorf("standard error: %s", &errOut)
	}
}

// blank is the shape of a value: texts become empty ones, and empty ones show.
func blank(v any) any {
	switch v := v.(type) {
	case map[string]any:
		shape := map[string]any{}
		for name := range v {
			shape[name] = blank(v[name])
		}
		return shape
	case string:
		if v == "" {
			return "(empty)"
		}
		return ""
	}
	return v
}

func answer(t *testing.T, client *http.Client, address string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("%s: %s, %v", address, res.Status, err)
	}
	return body
}

// TestDemoUsage refuses what it does not understand, before anything starts.
func TestDemoUsage(t *testing.T) {
	for _, args := range [][]string{{"demo", "--fault", "no-such"}, {"demo", "--ports", "8000"}} {
		c := root()
		c.SetArgs(args)
		c.SetOut(io.Discard)
		c.SetErr(io.Discard)
		err := c.ExecuteContext(t.Context())
		var status *statusError
		if !errors.As(err, &status) || status.status != exitUsage {
			t.Errorf("%v: %v", args, err)
		}
	}
}

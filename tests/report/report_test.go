// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Each case is a module of its own that `go test -json` runs for real.
func TestReport(t *testing.T) {
	t.Parallel()
	const head = "package x\n\nimport \"testing\"\n\n"
	tests := []struct {
		name, source string
		ok           bool
		want, not    []string
	}{
		{
			"a passing test is counted, not shown",
			head + "func TestGood(t *testing.T) { t.Log(\"quiet\") }\n",
			true,
			[]string{"ok  \tx\t", "1 packages, 1 tests passed, 0 skipped"},
			[]string{"TestGood", "quiet", "PASS", "RUN"},
		},
		{
			"a skipped test is listed with its reason",
			head + "func TestNeedy(t *testing.T) { t.Run(\"sub\", func(t *testing.T) { t.Skip(\"needs: a moon\") }) }\n",
			true,
			[]string{"ok  \tx\t", "1 skipped", "SKIP x TestNeedy/sub: needs: a moon\n"},
			nil,
		},
		{
			"a failing test is shown with its log",
			head + "func TestBad(t *testing.T) { t.Error(\"broken heart\") }\nfunc TestGood(t *testing.T) { t.Log(\"quiet\") }\n",
			false,
			[]string{"--- FAIL: TestBad", "broken heart", "FAIL\tx\t"},
			[]string{"quiet"},
		},
		{
			"a crash is shown",
			head + "func TestCrash(t *testing.T) { panic(\"dead heart\") }\n",
			false,
			[]string{"dead heart", "FAIL\tx\t"},
			nil,
		},
		{
			"a build error is shown",
			head + "func TestNothing(t *testing.T) { undefinedThing() }\n",
			false,
			[]string{"undefined: undefinedThing", "[build failed]"},
			nil,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for name, text := range map[string]string{"go.mod": "module x\n", "x_test.go": test.source} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			run := exec.Command("go", "test", "-json", "./...")
			run.Dir = dir
			run.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
			events, err := run.CombinedOutput()
			if (err == nil) != test.ok {
				t.Fatalf("go test: %v\n%s", err, events)
			}
			var out strings.Builder
			ok, err := report(strings.NewReader(string(events)), &out)
			if err != nil || ok != test.ok {
				t.Errorf("ok %v, error %v; want ok %v", ok, err, test.ok)
			}
			for _, want := range test.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("output lacks %q:\n%s", want, out.String())
				}
			}
			for _, not := range test.not {
				if strings.Contains(out.String(), not) {
					t.Errorf("output has %q:\n%s", not, out.String())
				}
			}
		})
	}
}

func TestReportDoesNotPassOnTooLittle(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, events string }{
		{"nothing", ""},
		{"only a message", "go: cannot find main module\n"},
		{"a package that never ended", `{"Action":"start","Package":"x"}` + "\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			if ok, err := report(strings.NewReader(test.events), &out); ok && err == nil {
				t.Errorf("passed:\n%s", out.String())
			}
		})
	}
}

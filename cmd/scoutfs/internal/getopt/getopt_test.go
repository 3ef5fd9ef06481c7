// SPDX-License-Identifier: GPL-2.0-or-later

package getopt_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scoutfs/cmd/scoutfs/internal/getopt"
)

// options are those of testdata/reference.c.
func options() []getopt.Option {
	return []getopt.Option{
		{Long: "quorum-slot", Short: 'Q', Argument: getopt.Required},
		{Long: "force", Short: 'f'},
		{Long: "allow-small-size", Short: 'A'},
		{Long: "max-meta-size", Short: 'm', Argument: getopt.Required},
		{Long: "max-data-size", Short: 'd', Argument: getopt.Required},
		{Long: "format-version", Short: 'V', Argument: getopt.Required},
		{Long: "human-readable", Short: 'h'},
		{Long: "path", Short: 'p', Argument: getopt.Required},
		{Long: "for"},
		{Long: "level", Short: 'l', Argument: getopt.Optional},
		{Long: "help", Last: true},
		{Long: "usage", Last: true},
		{Long: "program-name", Phantom: true},
		{Long: "HANG", Phantom: true},
	}
}

// describe writes a result as testdata/reference.c does.
func describe(settings []getopt.Setting, operands []string, err error) string {
	var s strings.Builder
	for _, setting := range settings {
		s.WriteString(" " + setting.String())
	}
	if err != nil {
		return s.String() + " error: " + err.Error()
	}
	for _, operand := range operands {
		s.WriteString(" [" + operand + "]")
	}
	return s.String()
}

// The expected results are glibc's own, see testdata/reference.c.
func TestParseReadsAsGlibcDoes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/glibc.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(lines) < 400 {
		t.Fatalf("only %d cases", len(lines))
	}
	for _, line := range lines {
		input, want, _ := strings.Cut(line, "\t")
		words := strings.Fields(input)
		for i, word := range words {
			if word == "''" {
				words[i] = ""
			}
		}
		if got := describe(getopt.Parse(options(), words)); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", input, got, want)
		}
	}
}

func TestParseKnowsMoreThanGlibc(t *testing.T) {
	t.Parallel()
	ours := append(options(),
		getopt.Option{Long: "output", Argument: getopt.Required, Extension: true},
		getopt.Option{Long: "progress", Argument: getopt.Required, Extension: true},
		getopt.Option{Long: "forget", Argument: getopt.Switch, Extension: true},
		getopt.Option{Long: "overwrite", Argument: getopt.Switch, Extension: true},
		getopt.Option{Long: "help", Short: '?', Alias: true, Last: true},
	)
	tests := []struct {
		name  string
		words []string
		want  string
	}{
		{"exact name of an extension", []string{"--output", "json"}, " --output=json"},
		{"prefix of an extension only", []string{"--out=json"}, " --output=json"},
		{"prefix of several extensions", []string{"--o"}, " error: option '--o' is ambiguous; possibilities: '--output' '--overwrite'"},
		{"upstream's ambiguity is not widened", []string{"--fo"}, " error: option '--fo' is ambiguous; possibilities: '--force' '--format-version' '--for'"},
		{"upstream's prefix wins", []string{"--pa", "x"}, " --path=x"},
		{"prefix of a phantom and an extension", []string{"--pro=bar"}, " --progress=bar"},
		{"phantom by its name", []string{"--program-name=x"}, " error: unrecognized option '--program-name=x'"},
		{"prefix of a phantom only", []string{"--HAN"}, " error: unrecognized option '--HAN'"},
		{"switch", []string{"--forget"}, " --forget"},
		{"switch switched on", []string{"--forget=true"}, " --forget=true"},
		{"switch switched off", []string{"--forge=false"}, " --forget=false"},
		{"switch with another value", []string{"--forget=yes"}, " error: option '--forget' doesn't allow an argument"},
		{"help ends the reading", []string{"-A", "--help", "--bogus", "-x"}, " --allow-small-size --help"},
		{"help in a bundle ends the reading", []string{"-A?x", "y"}, " --allow-small-size --help"},
		{"help with a value", []string{"--help=x"}, " error: option '--help' doesn't allow an argument"},
		{"prefix of help", []string{"--hel"}, " --help"},
		{"byte beyond ASCII", []string{"-é"}, " error: invalid option -- '\xc3'"},
		{"nothing", nil, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := describe(getopt.Parse(ours, test.words)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// Whatever the words, reading the full form of what was read gives the same
// again.
func FuzzParse(f *testing.F) {
	f.Add("-Af x\x00-Q1\x00--quor=3\x00y\x00--\x00-z")
	f.Add("--\x00-a")
	f.Add("-Q\x00--for=1\x00--=")
	f.Fuzz(func(t *testing.T, text string) {
		words := strings.Split(text, "\x00")
		settings, operands, err := getopt.Parse(options(), words)
		if err != nil {
			return
		}
		var full []string
		for _, setting := range settings {
			full = append(full, setting.String())
		}
		if n := len(settings); n > 0 && settings[n-1].Option.Last {
			operands = nil // none that comes after matters, and one before is not written
		} else {
			full = append(append(full, "--"), operands...)
		}
		got, want := describe(getopt.Parse(options(), full)), describe(settings, operands, nil)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

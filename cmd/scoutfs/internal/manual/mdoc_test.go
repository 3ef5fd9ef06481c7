// SPDX-License-Identifier: GPL-2.0-or-later

package manual

import "testing"

func TestPlainTextBecomesMdoc(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		write func(string) string
		plain string
		want  string
	}{
		{"sentences begin lines", text, "One\nline. Another one.", "One line.\nAnother one."},
		{"paragraphs", text, "One.\n\nTwo.", "One.\n.Pp\nTwo."},
		{
			"long lines are broken", text,
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbb ccccccccccccccccccccccccccccc",
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbb\nccccccccccccccccccccccccccccc",
		},
		{"indented text stays", text, "So:\n\n  a -b\n    c\n\nEnd.", "So:\n.Bd -literal -offset indent\na \\-b\n  c\n.Ed\n.Pp\nEnd."},
		{"requests", text, ".Bd is no request.", "\\&.Bd is no request."},
		{"quotes at the start", text, "'x' stays.", "\\&'x' stays."},
		{"backslashes", text, "a\\nb", "a\\enb"},
		{"dashes of options only", text, "well-known --dry-run (-n)", "well-known \\-\\-dry\\-run (\\-n)"},
		{"names in dots", text, "the .indx. tag", "the .indx. tag"},
		{"dots within words", text, "from 1..2 on", "from 1..2 on"},
		{"code", literal, "  x --y 'z'\n  .w", ".Bd -literal -offset indent\nx \\-\\-y \\(aqz\\(aq\n\\&.w\n.Ed"},
		{"sentence", sentence, "use `SIZE`", "Use \\(gaSIZE\\(ga."},
		{"macro arguments", words, "A . Fl <a|b> [--x]", "A \\&. \\&Fl <a|b> [--x]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := test.write(test.plain); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

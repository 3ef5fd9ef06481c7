// SPDX-License-Identifier: GPL-2.0-or-later

// Package man_test checks the manual pages: their titles say what their file
// names say, their macros are known and balanced, they have the sections a
// reader expects, and references among them lead to pages.
package man_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// closes maps a macro that ends a block to the one that begins it.
var closes = map[string]string{".El": ".Bl", ".Ed": ".Bd", ".Ek": ".Bk", ".fi": ".nf", ".RE": ".RS", ".EE": ".EX", ".UE": ".UR"}

// plain are the other macros in use. A misspelt macro vanishes from the
// rendered page without a word, so unknown ones are faults.
var plain = strings.Fields(".Dd .Dt .Os .Nm .Nd .Sh .Ss .Pp .It .Fl .Ar .Op .Cm .Pa .Xr .Em .Sy .Li .Dl .Dv .Er .Ev .Va .Pq .Ex .Ic .Aq .Sq .Dq .Sx .Sm .br .sp " +
	".TH .SH .SS .PP .TP .IP .LP .B .I .BR .RB .BI .IB .IR .RI .nh .ad .HP .in .ie .el .if .de ..")

// needed are the sections that a page must have, by manual section.
var needed = map[string][]string{
	"5": {"NAME", "DESCRIPTION", "FILES", "SEE ALSO"},
	"7": {"NAME", "DESCRIPTION", "SEE ALSO"},
	"8": {"NAME", "SYNOPSIS", "SEE ALSO"},
}

var (
	title     = regexp.MustCompile(`(?m)^\.(?:Dt|TH) "?([A-Za-z0-9.-]+)"? "?(\d)"?`)
	section   = regexp.MustCompile(`(?m)^\.S[hH] "?([^"\n]+?)"?$`)
	reference = regexp.MustCompile(`(?m)^\.Xr (\S+) (\d)|\\fB([a-z.-]+)\\fP\((\d)\)`)
)

// checkPage finds what is wrong with a page.
func checkPage(pages fs.FS, name, text string) []string {
	var found []string
	fault := func(format string, values ...any) {
		found = append(found, name+": "+fmt.Sprintf(format, values...))
	}

	number := path.Ext(name)[1:]
	base := strings.TrimSuffix(name, path.Ext(name))
	if m := title.FindStringSubmatch(text); m == nil {
		fault("no title")
	} else if !strings.EqualFold(m[1], base) || m[2] != number {
		fault("its title says %s(%s)", m[1], m[2])
	}

	var sections []string
	for _, m := range section.FindAllStringSubmatch(text, -1) {
		if slices.Contains(sections, m[1]) {
			fault("section %s twice", m[1])
		}
		sections = append(sections, m[1])
	}
	for _, want := range needed[number] {
		if !slices.Contains(sections, want) {
			fault("no section %s", want)
		}
	}

	var open []string
	for i, line := range strings.Split(text, "\n") {
		if !strings.HasPrefix(line, ".") || strings.HasPrefix(line, `.\"`) {
			continue
		}
		macro := strings.Fields(line)[0]
		if begins, ok := closes[macro]; ok {
			if len(open) == 0 || open[len(open)-1] != begins {
				fault("line %d: %s ends nothing", i+1, macro)
			} else {
				open = open[:len(open)-1]
			}
			continue
		}
		switch {
		case isBegin(macro):
			open = append(open, macro)
		case !slices.Contains(plain, macro):
			fault("line %d: unknown macro %s", i+1, macro)
		}
		if (macro == ".Sh" || macro == ".SH") && len(open) > 0 {
			fault("line %d: a section begins inside %s", i+1, open[len(open)-1])
			open = nil
		}
	}
	if len(open) > 0 {
		fault("%s is not ended", open[len(open)-1])
	}

	for _, m := range reference.FindAllStringSubmatch(text, -1) {
		target := m[1] + m[3] + "." + m[2] + m[4]
		if !strings.Contains(target, "scoutfs") {
			continue
		}
		if _, err := fs.Stat(pages, target); err != nil {
			fault("refers to %s, which is not there", target)
		}
	}
	return found
}

func isBegin(macro string) bool {
	for _, begins := range closes {
		if macro == begins {
			return true
		}
	}
	return false
}

func TestPages(t *testing.T) {
	t.Parallel()
	pages := os.DirFS("../../man")
	names, err := fs.Glob(pages, "*.[0-9]")
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		t.Fatal("no pages")
	}
	for _, name := range names {
		text, err := fs.ReadFile(pages, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, finding := range checkPage(pages, name, string(text)) {
			t.Error(finding)
		}
	}
}

func TestFaultsAreFound(t *testing.T) {
	t.Parallel()
	const sound = ".Dt PAGE 7\n.Sh NAME\n.Nm page\n.Sh DESCRIPTION\n.Bl -tag\n.It x\n.El\n.Sh SEE ALSO\n.Xr scoutfs 5 ,\n.Xr mount 8\n"
	tests := []struct{ name, old, new, want string }{
		{"sound", "", "", ""},
		{"no title", ".Dt PAGE 7\n", "", "page.7: no title"},
		{"other name", "PAGE 7", "PAPER 7", "page.7: its title says PAPER(7)"},
		{"other section", "PAGE 7", "PAGE 8", "page.7: its title says PAGE(8)"},
		{"missing section", ".Sh DESCRIPTION\n", "", "page.7: no section DESCRIPTION"},
		{"section twice", ".Sh SEE ALSO", ".Sh NAME\n.Sh SEE ALSO", "page.7: section NAME twice"},
		{"list not ended", ".El\n", "", "page.7: line 7: a section begins inside .Bl"},
		{"display not ended at the end", ".Xr mount 8", ".Bd -literal", "page.7: .Bd is not ended"},
		{"end of nothing", ".Bl -tag\n", "", "page.7: line 6: .El ends nothing"},
		{"crossed blocks", ".It x", ".Bd -literal", "page.7: line 7: .El ends nothing\npage.7: line 8: a section begins inside .Bd"},
		{"misspelt macro", ".It x", ".Itt x", "page.7: line 6: unknown macro .Itt"},
		{"reference to no page", "scoutfs 5", "scoutfs 4", "page.7: refers to scoutfs.4, which is not there"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(sound, test.old, test.new, 1)
			found := checkPage(fstest.MapFS{"scoutfs.5": {}}, "page.7", text)
			if got := strings.Join(found, "\n"); got != test.want {
				t.Errorf("found %q, want %q", got, test.want)
			}
		})
	}
}

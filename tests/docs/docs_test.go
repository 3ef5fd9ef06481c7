// SPDX-License-Identifier: GPL-2.0-or-later

// Package docs_test checks that what the docs and the code say of each other
// is true: links lead to files, citations to sections, and the packages that
// docs/architecture.md does not call a plan are there.
package docs_test

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

var (
	link     = regexp.MustCompile(`\]\(([^)#\s]+)(?:#[^)]*)?\)`)
	heading  = regexp.MustCompile(`(?m)^#{2,4} (?:Appendix )?([0-9]+(?:\.[0-9]+)*|[A-Z])\.? `)
	citation = regexp.MustCompile(`docs/format\.md,? (?:sections? |appendix )?([0-9A-Z][0-9.]*(?:(?:, | and |; )[0-9]+(?:\.[0-9]+)*)*)`)
	number   = regexp.MustCompile(`[0-9]+(?:\.[0-9]+)*|[A-Z]`)
	builtRow = regexp.MustCompile(`(?m)^\| \d+ \| ([^|]+) \|.*\| (?:built|reads) \|$`)
	quoted   = regexp.MustCompile("`([^`]+)`")
)

// walk calls visit with every file of the repository that has one of the
// suffixes.
func walk(repo fs.FS, visit func(name, text string), suffixes ...string) error {
	return fs.WalkDir(repo, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if base := path.Base(name); name != "." && (strings.HasPrefix(base, ".") || base == "testdata" || name == "bin") {
				return fs.SkipDir
			}
			return nil
		}
		for _, suffix := range suffixes {
			if strings.HasSuffix(name, suffix) {
				text, err := fs.ReadFile(repo, name)
				if err != nil {
					return err
				}
				visit(name, string(text))
				return nil
			}
		}
		return nil
	})
}

// brokenLinks finds relative links of Markdown pages that lead nowhere.
func brokenLinks(repo fs.FS) (found []string, links int, err error) {
	err = walk(repo, func(name, text string) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], ":") {
				continue
			}
			links++
			if _, err := fs.Stat(repo, path.Join(path.Dir(name), m[1])); err != nil {
				found = append(found, fmt.Sprintf("%s: link to %s", name, m[1]))
			}
		}
	}, ".md")
	return found, links, err
}

// brokenCitations finds citations of sections that docs/format.md has not.
func brokenCitations(repo fs.FS) (found []string, citations int, err error) {
	page, err := fs.ReadFile(repo, "docs/format.md")
	if err != nil {
		return nil, 0, err
	}
	sections := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(string(page), -1) {
		sections[m[1]] = true
	}
	err = walk(repo, func(name, text string) {
		lines := bufio.NewScanner(strings.NewReader(text))
		lines.Buffer(nil, len(text)+1)
		for line := 1; lines.Scan(); line++ {
			for _, m := range citation.FindAllStringSubmatch(lines.Text(), -1) {
				for _, section := range number.FindAllString(m[1], -1) {
					citations++
					if !sections[section] {
						found = append(found, fmt.Sprintf("%s:%d: docs/format.md has no section %s", name, line, section))
					}
				}
			}
		}
	}, ".go")
	return found, citations, err
}

func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	found, links, err := brokenLinks(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if links == 0 {
		t.Error("no links found")
	}
	for _, finding := range found {
		t.Error(finding)
	}
}

func TestCitedSectionsExist(t *testing.T) {
	t.Parallel()
	found, citations, err := brokenCitations(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if citations == 0 {
		t.Error("no citations found")
	}
	for _, finding := range found {
		t.Error(finding)
	}
}

func TestBuiltPackagesExist(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := builtRow.FindAllStringSubmatch(string(page), -1)
	if len(rows) == 0 {
		t.Fatal("no rows marked built")
	}
	for _, row := range rows {
		for _, name := range quoted.FindAllStringSubmatch(row[1], -1) {
			sources, err := fs.Glob(os.DirFS("../.."), name[1]+"/*.go")
			if err != nil {
				t.Fatal(err)
			}
			if len(sources) == 0 {
				t.Errorf("docs/architecture.md calls %s built, and there is no such package", name[1])
			}
		}
	}
}

func TestFaultsAreFound(t *testing.T) {
	t.Parallel()
	// Split, so that this file does not cite the real page.
	const cite = "docs/" + "format.md"
	repo := fstest.MapFS{
		"docs/format.md": {Data: []byte("## 1. One\n### 1.1 Sub\n## Appendix A. Values\n")},
		"docs/page.md":   {Data: []byte("[a](format.md) [b](gone.md) [c](https://example.org/x.md) [d](../code.go#x)\n")},
		"code.go":        {Data: []byte(strings.ReplaceAll("// @ 1\n// see @ 1.1, 1.2.\n// (@ appendix A)\n// @ 1.1 and 3\n// @ B\n", "@", cite))},
	}
	links, n, err := brokenLinks(repo)
	if err != nil || n != 3 || strings.Join(links, "\n") != "docs/page.md: link to gone.md" {
		t.Errorf("links: %d, found %q, error %v", n, links, err)
	}
	citations, n, err := brokenCitations(repo)
	want := "code.go:2: docs/format.md has no section 1.2\ncode.go:4: docs/format.md has no section 3\ncode.go:5: docs/format.md has no section B"
	if err != nil || n != 7 || strings.Join(citations, "\n") != want {
		t.Errorf("citations: %d, found %q, error %v", n, citations, err)
	}
}

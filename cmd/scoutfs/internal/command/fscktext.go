// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"fmt"
	"strings"
	"time"

	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/engine/format"
	"scoutfs/fsck"
	"scoutfs/fsck/problem"
)

// fsckText writes the outcome for people.
type fsckText struct {
	out     *output.Writer
	run     *fsckRun
	summary *fsck.Summary
}

func (t *fsckText) write(failed error) {
	t.volume()
	t.problems()
	t.checked(failed)
	t.verdict(failed)
	for i, advice := range t.run.next(t.summary, failed) {
		if i == 0 {
			t.out.Printf("\nNext:\n")
		}
		t.out.Printf("  %s:\n    %s\n", advice.What, advice.Command)
	}
}

// paragraph writes text in lines, the first of which begins with lead and the
// others with indent.
func (t *fsckText) paragraph(lead, text, indent string) {
	const width = 79
	line := lead
	fresh := true
	for word := range strings.FieldsSeq(text) {
		if !fresh && len(line)+1+len(word) > width {
			t.out.Printf("%s\n", line)
			line, fresh = indent, true
		}
		if !fresh {
			line += " "
		}
		line += word
		fresh = false
	}
	t.out.Printf("%s\n", line)
}

func (t *fsckText) volume() {
	v := t.summary.Volume
	if v == nil {
		t.out.Printf("%s: no volume can be recognised\n", shownName(t.run.paths[metaDevice]))
		return
	}
	t.out.Printf("%s: volume %s, format version %d\n", shownName(t.run.paths[metaDevice]), fixedHex(v.FSID), v.FormatVersion)
}

// problems writes what was found, group by group.
func (t *fsckText) problems() {
	byNumber := make(map[problem.Number]*fsck.Tally)
	for i := range t.summary.Tallies {
		byNumber[t.summary.Tallies[i].Number] = &t.summary.Tallies[i]
	}
	for _, group := range problem.Groups() {
		heading := "\n" + group.Title + "\n"
		for _, p := range group.Problems {
			if found := byNumber[p.Number]; found != nil {
				t.out.Printf("%s", heading)
				heading = ""
				t.problem(found)
			}
		}
	}
}

func (t *fsckText) problem(found *fsck.Tally) {
	t.paragraph("", fmt.Sprintf("%s %d %s: %s", found.Severity, found.Number, found.Name, found.Title), "  ")
	tell := t.sentence
	if found.Severity == problem.Note {
		tell = t.remark
	}
	for i := range found.Cases {
		t.out.Printf("    %s\n", tell(&found.Cases[i]))
	}
	if more := found.Count - uint64(len(found.Cases)); more > 0 {
		all := "all with --verbose or --output jsonl"
		if t.run.options.verbose {
			all = "all with --output jsonl"
		}
		t.out.Printf("    and %s (%s)\n", countOf(more, "more case", "more cases"), all)
	}
	if found.Means != "" {
		t.paragraph("    ", found.Means, "    ")
	}
}

// sentence tells one case: where it is, what is there, and what should be.
func (t *fsckText) sentence(c *fsck.Case) string {
	text := t.where(c)
	switch {
	case c.Found != "" && c.Expected != "":
		text += ": found " + c.Found + ", expected " + c.Expected
	case c.Found != "":
		text += ": found " + c.Found
	case c.Expected != "":
		text += ": expected " + c.Expected
	}
	return strings.TrimPrefix(text, ": ")
}

// remark tells one case of a note, which says by itself what there is.
func (t *fsckText) remark(c *fsck.Case) string {
	if c.Place.InTree || c.Place.Ino != 0 || c.Found == "" {
		return strings.TrimSuffix(t.where(c)+": "+c.Found, ": ")
	}
	return c.Found
}

// where names the place. What an inode is called says more than where its
// items are, which is shown if all is to be shown.
func (t *fsckText) where(c *fsck.Case) string {
	p := c.Place
	if c.Path == "" || p.Ino == 0 {
		return blocksText(&p, p.String())
	}
	text := fmt.Sprintf("%s (inode %d)", shownName(c.Path), p.Ino)
	if p.Name != "" {
		text += fmt.Sprintf(", name %q", p.Name)
	}
	if p.Field != "" {
		text += ", field " + p.Field
	}
	p.Ino, p.Name, p.Field = 0, "", ""
	if rest := p.String(); rest != "" && (t.run.options.verbose || p.Blocks > 0 && p.Device == problem.DataDevice) {
		text += ", " + blocksText(&p, rest)
	}
	return text
}

// blocksText adds the size of blocks that are more than one.
func blocksText(p *problem.Place, text string) string {
	if p.Blocks < 2 {
		return text
	}
	size := uint64(format.LargeBlockSize)
	if p.Device == problem.DataDevice {
		size = format.SmallBlockSize
	}
	return fmt.Sprintf("%s (%s)", text, values.BaseSize(p.Blocks*size))
}

// checked tells what the check has looked at.
func (t *fsckText) checked(failed error) {
	s := t.summary
	if s.Volume == nil {
		return
	}
	t.out.Printf("\n")
	t.paragraph("", fmt.Sprintf("Checked %s (%s, %s) with %s of data in %s; %s (%s) were read.",
		countOf(s.Inodes, "inode", "inodes"), countOf(s.Files, "file", "files"), countOf(s.Directories, "directory", "directories"),
		values.BaseSize(s.DataBlocks*format.SmallBlockSize), s.Elapsed.Round(time.Millisecond),
		countOf(s.Blocks, "metadata block", "metadata blocks"), values.BaseSize(s.Bytes)), "  ")
	if s.Readings > 1 {
		t.out.Printf("The volume was read %d times to be sure.\n", s.Readings)
	}
	if !s.WithData {
		t.out.Printf("The data device was not named, so it was not checked.\n")
	}
	if t.run.options.ReadData && failed == nil {
		t.out.Printf("All data of files was read: %s.\n", values.BaseSize(s.DataRead))
	}
	if t.run.options.timing {
		for _, phase := range s.Phases {
			t.out.Printf("  %-24s%s\n", phase.Name, phase.Elapsed.Round(time.Millisecond))
		}
		t.out.Printf("  %-24s%s\n", "memory at most", values.BaseSize(uint64(peakMemory())))
	}
}

// verdict says in one sentence how it is.
func (t *fsckText) verdict(failed error) {
	s := t.summary
	var found []string
	for _, kind := range []struct {
		severity  problem.Severity
		one, many string
	}{
		{problem.Fatal, "fatal problem", "fatal problems"},
		{problem.Error, "error", "errors"},
		{problem.Warning, "warning", "warnings"},
	} {
		if n := s.Count(kind.severity); n > 0 {
			found = append(found, countOf(n, kind.one, kind.many))
		}
	}
	what := "No problem was found"
	if len(found) > 0 {
		last := len(found) - 1
		list := found[last]
		if last > 0 {
			list = strings.Join(found[:last], ", ") + " and " + list
		}
		what = "Found " + list
	}
	if n := s.Count(problem.Note); n > 0 {
		what += fmt.Sprintf(" (and %s)", countOf(n, "note", "notes"))
	}
	switch {
	case failed != nil:
		what += " until the check was broken off."
	case s.Clean():
		what += ". The volume is clean."
	default:
		what += ". Nothing was changed."
	}
	t.paragraph("", what, "  ")
}

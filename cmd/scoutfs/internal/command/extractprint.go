// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"fmt"
	"strconv"
	"strings"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/errno"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/walk/extract"
)

// extractPrinter writes what an extraction has to tell.
type extractPrinter interface {
	// event writes about one file.
	event(*extract.Event) error
	// end writes what was counted. complete is false of an extraction that
	// was stopped.
	end(r *extract.Result, complete bool) error
}

func newExtractPrinter(env *cli.Env) extractPrinter {
	switch out := env.Output(); out.Form() {
	case output.Table:
		return &extractTable{out: out, table: out.Table(
			output.Column{Name: "WHAT"},
			output.Column{Name: "SIZE", Right: true},
			output.Column{Name: "ONLINE", Right: true},
			output.Column{Name: "OFFLINE", Right: true},
			output.Column{Name: "PATH"},
			output.Column{Name: "DETAIL"},
		)}
	case output.JSON, output.JSONL:
		return &extractJSON{out.List()}
	}
	return &extractText{env: env}
}

// extractText lists offline files on the standard output, and tells of what
// went wrong on the standard error.
type extractText struct {
	env     *cli.Env
	failed  uint64
	written bool
}

func (t *extractText) event(ev *extract.Event) error {
	out := t.env.Output()
	if ev.Kind == extract.Offline {
		t.written = true
		out.Printf("%s: %s of %s offline: %s\n", nameFor(t.env, ev.Path), shortSize(ev.OfflineBytes),
			shortSize(ev.OfflineBytes+ev.OnlineBytes), rangesText(ev))
		return out.Err()
	}
	if ev.Kind == extract.Failed {
		if t.failed++; t.failed > maxProblems+1 {
			return out.Err()
		}
		if t.failed == maxProblems+1 {
			t.env.Warnf("further problems are only counted")
			return out.Err()
		}
	}
	t.env.Warnf("%s", extractMessage(ev))
	return out.Err()
}

func (t *extractText) end(r *extract.Result, complete bool) error {
	out := t.env.Output()
	if t.written {
		out.Printf("\n")
	}
	heading := "Extracted:"
	if !complete {
		heading = "Extracted before the end:"
	}
	var lines []field
	column := volumeColumn
	for _, c := range extractCounts(r) {
		if c.value > 0 || c.always {
			lines = append(lines, field{c.label, c.text})
			column = max(column, len(c.label)+len("  :  "))
		}
	}
	out.Printf("%s\n%s", heading, fields(column, lines))
	return out.Err()
}

// extractMessage is a failure or loss in one line.
func extractMessage(ev *extract.Event) string {
	if ev.Kind == extract.NotKept {
		return fmt.Sprintf("%s: %s not kept, and the same of further files is only counted: %s",
			shownName(ev.Path), ev.What, reasonText(ev))
	}
	return problemText(atPath(ev.Path, ev.Err))
}

// reasonText is why something was not kept or extracted.
func reasonText(ev *extract.Event) string {
	if onlyNumber(ev.Path, ev.Err) {
		return errno.Text(ev.Err)
	}
	return problemText(ev.Err)
}

// maxRangesText is how many offline ranges of a file are shown in a line.
const maxRangesText = 4

// rangesText words where a file is offline, or that it was left out.
func rangesText(ev *extract.Event) string {
	if ev.Skipped {
		return "left out"
	}
	var text strings.Builder
	text.WriteString("bytes ")
	for i, r := range ev.Ranges {
		if i == maxRangesText {
			text.WriteString(", and more")
			break
		}
		if i > 0 {
			text.WriteString(", ")
		}
		fmt.Fprintf(&text, "%d to %d", r.Offset, r.Offset+r.Length-1)
	}
	return text.String()
}

// extractCount is one of the counts of a result.
type extractCount struct {
	label  string
	value  uint64
	text   string
	always bool // shown even if it is 0
}

func extractCounts(r *extract.Result) []extractCount {
	number := func(label string, n uint64) extractCount {
		return extractCount{label: label, value: n, text: strconv.FormatUint(n, 10)}
	}
	files := number("files", r.Files)
	files.always = true
	files.text += " (" + shortSize(r.Bytes) + ")"
	counts := []extractCount{
		files,
		number("directories", r.Directories),
		number("symbolic links", r.Symlinks),
		number("special files", r.Specials),
		number("further names", r.HardLinks),
		number("already there", r.Complete),
		number("offline", r.Offline),
		number("partly offline", r.Partial),
		number("left out, offline", r.OfflineSkipped),
	}
	for _, loss := range r.NotKept {
		counts = append(counts, extractCount{
			label: loss.What + " not kept", value: loss.Files,
			text: fmt.Sprintf("of %s (%s)", countOf(loss.Files, "file", "files"), loss.Reason),
		})
	}
	return append(counts, number("not extracted", r.Failed))
}

// extractTable collects rows, and writes the counts below.
type extractTable struct {
	out   *output.Writer
	table *output.Columns
	begun bool
}

func (t *extractTable) event(ev *extract.Event) error {
	t.begun = true
	if ev.Kind != extract.Offline {
		t.table.Row(ev.Kind.String(), "", "", "", shownName(ev.Path), extractMessage(ev))
		return nil
	}
	t.table.Row(ev.Kind.String(), strconv.FormatUint(ev.Size, 10), strconv.FormatUint(ev.OnlineBytes, 10),
		strconv.FormatUint(ev.OfflineBytes, 10), shownName(ev.Path), rangesText(ev))
	return nil
}

func (t *extractTable) end(r *extract.Result, complete bool) error {
	if t.begun {
		if err := t.table.Close(); err != nil {
			return err
		}
		t.out.Printf("\n")
	}
	counts := t.out.Table(output.Column{Name: "COUNTED"}, output.Column{Name: "NUMBER"})
	for _, c := range extractCounts(r) {
		if c.value > 0 || c.always {
			counts.Row(c.label, c.text)
		}
	}
	counts.Row("complete", strconv.FormatBool(complete))
	return counts.Close()
}

// extractJSON writes an object for each event and one at the end.
type extractJSON struct{ list *output.List }

// offlineJSON is a file with offline parts.
type offlineJSON struct {
	Type         string          `json:"type"`
	Path         output.Name     `json:"path"`
	Ino          uint64          `json:"ino"`
	Size         uint64          `json:"size"`
	OnlineBytes  uint64          `json:"online_bytes"`
	OfflineBytes uint64          `json:"offline_bytes"`
	Skipped      bool            `json:"skipped"`
	Ranges       []extract.Range `json:"ranges"`
}

// problemJSON is a file that failed or lost something.
type problemJSON struct {
	Type    string      `json:"type"`
	Path    output.Name `json:"path"`
	Ino     uint64      `json:"ino"`
	What    string      `json:"what,omitempty"`
	Message string      `json:"message"`
}

// extractEndJSON is the result.
type extractEndJSON struct {
	Type           string     `json:"type"`
	Complete       bool       `json:"complete"`
	Files          uint64     `json:"files"`
	Bytes          uint64     `json:"bytes"`
	Directories    uint64     `json:"directories"`
	Symlinks       uint64     `json:"symlinks"`
	Specials       uint64     `json:"specials"`
	HardLinks      uint64     `json:"hard_links"`
	AlreadyThere   uint64     `json:"already_there"`
	Offline        uint64     `json:"offline"`
	Partial        uint64     `json:"partial"`
	OfflineSkipped uint64     `json:"offline_skipped"`
	Failed         uint64     `json:"failed"`
	NotKept        []lossJSON `json:"not_kept"`
}

type lossJSON struct {
	What   string `json:"what"`
	Reason string `json:"reason"`
	Files  uint64 `json:"files"`
}

func (j *extractJSON) event(ev *extract.Event) error {
	if ev.Kind != extract.Offline {
		return j.list.Add(problemJSON{ev.Kind.String(), output.Name(ev.Path), ev.Ino, ev.What, reasonText(ev)})
	}
	return j.list.Add(offlineJSON{
		Type: ev.Kind.String(), Path: output.Name(ev.Path), Ino: ev.Ino, Size: ev.Size,
		OnlineBytes: ev.OnlineBytes, OfflineBytes: ev.OfflineBytes,
		Skipped: ev.Skipped, Ranges: append([]extract.Range{}, ev.Ranges...),
	})
}

func (j *extractJSON) end(r *extract.Result, complete bool) error {
	end := extractEndJSON{
		Type: "end", Complete: complete, Files: r.Files, Bytes: r.Bytes, Directories: r.Directories,
		Symlinks: r.Symlinks, Specials: r.Specials, HardLinks: r.HardLinks, AlreadyThere: r.Complete,
		Offline: r.Offline, Partial: r.Partial, OfflineSkipped: r.OfflineSkipped, Failed: r.Failed,
		NotKept: []lossJSON{},
	}
	for _, loss := range r.NotKept {
		end.NotKept = append(end.NotKept, lossJSON(loss))
	}
	if err := j.list.Add(end); err != nil {
		return err
	}
	return j.list.Close()
}

// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"strconv"
	"syscall"

	"scoutfs/cmd/scoutfs/internal/errno"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/stage"
)

// archivePrinter writes what becomes of the files of stage and release.
type archivePrinter interface {
	result(*stage.Result) error
	// end writes what was counted. complete is false if not all files had
	// their turn.
	end(s *stage.Summary, complete bool) error
	// first is the first file that failed, nil if none did.
	first() *stage.Result
}

// firstFailure keeps the first result with an error.
type firstFailure struct{ failed *stage.Result }

func (f *firstFailure) first() *stage.Result { return f.failed }

func (f *firstFailure) note(r *stage.Result) {
	if r.Err != nil && f.failed == nil {
		copied := *r
		f.failed = &copied
	}
}

func newArchivePrinter(j *archiveJob, many bool) archivePrinter {
	switch out := j.env.Output(); out.Form() {
	case output.Table:
		return &archiveTable{job: j, table: out.Table(
			output.Column{Name: "WHAT"},
			output.Column{Name: "VERSION", Right: true},
			output.Column{Name: "BYTES", Right: true},
			output.Column{Name: "PATH"},
			output.Column{Name: "DETAIL"},
		)}
	case output.JSON, output.JSONL:
		return &archiveJSON{job: j, list: out.List()}
	}
	return &archiveText{job: j, many: many}
}

// what is the word for a result.
func (j *archiveJob) what(r *stage.Result) string {
	done := "released"
	if j.staging {
		done = "staged"
	}
	switch {
	case r.Err != nil:
		return "failed"
	case r.Skipped != "":
		return "skipped"
	case j.dryRun:
		return "would-be-" + done
	}
	return done
}

// archiveText is silent about one file that was done, as upstream's commands
// are.
type archiveText struct {
	firstFailure
	job    *archiveJob
	many   bool
	failed uint64
}

func (t *archiveText) result(r *stage.Result) error {
	t.note(r)
	out := t.job.env.Output()
	switch {
	case r.Err == nil && t.job.dryRun && r.Skipped == "":
		out.Printf("%s: %s\n", nameFor(t.job.env, r.File.Path), shortSize(r.Bytes))
	case r.Err == nil || !t.many:
	default:
		switch t.failed++; {
		case t.failed <= maxProblems:
			t.job.env.Warnf("%s", archiveMessage(r))
		case t.failed == maxProblems+1:
			t.job.env.Warnf("further problems are only counted")
		}
	}
	return out.Err()
}

// archiveMessage is a failure in one line.
func archiveMessage(r *stage.Result) string { return problemText(atPath(r.File.Path, r.Err)) }

func (t *archiveText) end(s *stage.Summary, complete bool) error {
	out := t.job.env.Output()
	if !t.many {
		return out.Err()
	}
	verb := "Released"
	if t.job.staging {
		verb = "Staged"
	}
	if t.job.dryRun {
		verb = "Would be " + map[bool]string{false: "released", true: "staged"}[t.job.staging]
	}
	if !complete {
		verb += " before the end"
	}
	out.Printf("%s: %s of %s", verb, shortSize(s.Bytes), countOf(s.Files, "file", "files"))
	if s.Skipped > 0 {
		out.Printf("; nothing to do for %s", countOf(s.Skipped, "file", "files"))
	}
	if s.Failed > 0 {
		out.Printf("; failed: %s", countOf(s.Failed, "file", "files"))
	}
	out.Printf("\n")
	return out.Err()
}

type archiveTable struct {
	firstFailure
	job   *archiveJob
	table *output.Columns
}

func (t *archiveTable) result(r *stage.Result) error {
	t.note(r)
	detail := r.Skipped
	if r.Err != nil {
		detail = problemText(r.Err)
	}
	t.table.Row(t.job.what(r), strconv.FormatUint(r.DataVersion, 10), strconv.FormatUint(r.Bytes, 10), shownName(r.File.Path), detail)
	return nil
}

func (t *archiveTable) end(*stage.Summary, bool) error { return t.table.Close() }

type archiveJSON struct {
	firstFailure
	job  *archiveJob
	list *output.List
}

// archiveResultJSON is a file in JSON.
type archiveResultJSON struct {
	Type        string      `json:"type"`
	Path        output.Name `json:"path"`
	DataVersion uint64      `json:"data_version"`
	Offset      uint64      `json:"offset"`
	Length      uint64      `json:"length"`
	Bytes       uint64      `json:"bytes"`
	Reason      string      `json:"reason,omitempty"`
	Message     string      `json:"message,omitempty"`
	Errno       int         `json:"errno,omitempty"`
	ErrnoName   string      `json:"errno_name,omitempty"`
}

type archiveEndJSON struct {
	Type     string `json:"type"`
	Complete bool   `json:"complete"`
	Files    uint64 `json:"files"`
	Bytes    uint64 `json:"bytes"`
	Skipped  uint64 `json:"skipped"`
	Failed   uint64 `json:"failed"`
}

func (j *archiveJSON) result(r *stage.Result) error {
	j.note(r)
	o := archiveResultJSON{
		Type: j.job.what(r), Path: output.Name(r.File.Path), DataVersion: r.DataVersion,
		Offset: r.Offset, Length: r.Length, Bytes: r.Bytes, Reason: r.Skipped,
	}
	if r.Err != nil {
		number := errno.Of(r.Err)
		o.Message, o.Errno, o.ErrnoName = problemText(r.Err), int(number), errno.Name(number)
	}
	return j.list.Add(o)
}

func (j *archiveJSON) end(s *stage.Summary, complete bool) error {
	err := j.list.Add(archiveEndJSON{"end", complete, s.Files, s.Bytes, s.Skipped, s.Failed})
	if err != nil {
		return err
	}
	return j.list.Close()
}

// advice says what an error of a request most likely means.
func (j *archiveJob) advice(number syscall.Errno, r *stage.Result) string {
	switch {
	case number == syscall.ESTALE:
		return "the file's data version is another than " + strconv.FormatUint(r.DataVersion, 10) + ", see scoutfs stat: what was archived is not what is there now"
	case number == syscall.EINVAL && j.staging:
		return "offsets are multiples of 4096, what is staged ends at one or at the end of the file, and only regular files have data"
	case number == syscall.EINVAL:
		return "offset and length are multiples of 4096, and only regular files have data"
	}
	return ""
}

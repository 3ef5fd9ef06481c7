// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"github.com/google/uuid"

	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/fsck"
	"scoutfs/fsck/problem"
)

// What fsck reports in the JSON forms is described in docs/fsck.md.

// fsckFinding is one case of a problem. In JSON it stands below its problem,
// in JSON lines it says itself what it is.
type fsckFinding struct {
	Type     string         `json:"type,omitempty"` // always "finding"
	Number   problem.Number `json:"number,omitempty"`
	Problem  string         `json:"problem,omitempty"`
	Severity string         `json:"severity,omitempty"`
	Path     output.Name    `json:"path,omitempty"`
	Place    fsckPlace      `json:"place"`
	Found    string         `json:"found,omitempty"`
	Expected string         `json:"expected,omitempty"`
	More     uint64         `json:"more,omitempty"`
}

type fsckPlace struct {
	Text      string      `json:"text"`
	Structure string      `json:"structure,omitempty"`
	Device    string      `json:"device,omitempty"`
	Blkno     *uint64     `json:"blkno,omitempty"`
	Blocks    uint64      `json:"blocks,omitempty"`
	Tree      string      `json:"tree,omitempty"`
	RID       string      `json:"rid,omitempty"`
	Nr        *uint64     `json:"nr,omitempty"`
	Key       string      `json:"key,omitempty"`
	Ino       uint64      `json:"ino,omitempty"`
	Name      output.Name `json:"name,omitempty"`
	Field     string      `json:"field,omitempty"`
}

func fsckCaseOf(c *fsck.Case) fsckFinding {
	return fsckFinding{
		Path:     output.Name(c.Path),
		Place:    fsckPlaceOf(&c.Place),
		Found:    c.Found,
		Expected: c.Expected,
	}
}

func fsckLineOf(table *problem.Table, c *fsck.Case) fsckFinding {
	f, p := fsckCaseOf(c), table.Describe(c.Number)
	f.Type, f.Number, f.Problem, f.Severity, f.More = "finding", p.Number, p.Name, p.Severity.String(), c.More
	return f
}

func fsckPlaceOf(p *problem.Place) fsckPlace {
	place := fsckPlace{
		Text:      p.String(),
		Structure: p.Structure,
		Device:    [...]string{"", "meta", "data"}[min(p.Device, problem.DataDevice)],
		Ino:       p.Ino,
		Name:      output.Name(p.Name),
		Field:     p.Field,
	}
	if p.Blocks > 0 {
		place.Blkno, place.Blocks = &p.Blkno, p.Blocks
	}
	if p.InTree {
		place.Tree = p.Tree.String()
		if p.RID != 0 {
			place.RID, place.Nr = fixedHex(p.RID), &p.Nr
		}
	}
	if p.HasKey {
		place.Key = p.Key.String()
	}
	return place
}

// fsckReport is the whole outcome.
type fsckReport struct {
	Type       string        `json:"type"` // always "summary"
	MetaDevice string        `json:"meta_device"`
	DataDevice string        `json:"data_device,omitempty"`
	Volume     *fsckVolume   `json:"volume,omitempty"`
	Clean      bool          `json:"clean"`
	Complete   bool          `json:"complete"`
	ExitStatus int           `json:"exit_status"`
	Counts     fsckCounts    `json:"counts"`
	Problems   []fsckProblem `json:"problems"`
	Checked    fsckChecked   `json:"checked"`
	Next       []fsckAdvice  `json:"next"`
}

type fsckVolume struct {
	FSID          string `json:"fsid"`
	UUID          string `json:"uuid"`
	FormatVersion uint64 `json:"format_version"`
	Seq           uint64 `json:"super_seq"`
}

type fsckCounts struct {
	Fatal    uint64 `json:"fatal"`
	Errors   uint64 `json:"errors"`
	Warnings uint64 `json:"warnings"`
	Notes    uint64 `json:"notes"`
}

type fsckProblem struct {
	Number   problem.Number `json:"number"`
	Problem  string         `json:"problem"`
	Severity string         `json:"severity"`
	Repair   string         `json:"repair"`
	Upstream []string       `json:"upstream,omitempty"`
	Title    string         `json:"title"`
	Means    string         `json:"means"`
	Count    uint64         `json:"count"`
	Cases    []fsckFinding  `json:"cases,omitempty"` // in JSON
}

type fsckChecked struct {
	Inodes      uint64      `json:"inodes"`
	Files       uint64      `json:"files"`
	Directories uint64      `json:"directories"`
	Symlinks    uint64      `json:"symlinks"`
	Specials    uint64      `json:"specials"`
	Names       uint64      `json:"names"`
	Xattrs      uint64      `json:"xattrs"`
	Extents     uint64      `json:"extents"`
	Items       uint64      `json:"items"`
	DataBlocks  uint64      `json:"data_blocks"`
	MetaUsed    uint64      `json:"meta_blocks_used"`
	MetaFree    uint64      `json:"meta_blocks_free"`
	MetaBlocks  uint64      `json:"meta_blocks_read"`
	MetaBytes   uint64      `json:"meta_bytes_read"`
	DataBytes   uint64      `json:"data_bytes_read"`
	WithData    bool        `json:"with_data_device"`
	Readings    int         `json:"readings"`
	Seconds     float64     `json:"seconds"`
	Phases      []fsckPhase `json:"phases"`
	PeakMemory  int64       `json:"peak_memory_bytes"`
}

type fsckPhase struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

func fsckReportOf(f *fsckRun, s *fsck.Summary, status int, failed error) fsckReport {
	report := fsckReport{
		Type:       "summary",
		MetaDevice: f.paths[metaDevice],
		DataDevice: f.paths[dataDevice],
		Clean:      s.Clean() && failed == nil,
		Complete:   failed == nil && s.WithData && s.Volume != nil && s.Has(problem.CheckIncomplete) == 0,
		ExitStatus: status,
		Counts: fsckCounts{
			Fatal:    s.Count(problem.Fatal),
			Errors:   s.Count(problem.Error),
			Warnings: s.Count(problem.Warning),
			Notes:    s.Count(problem.Note),
		},
		Problems: []fsckProblem{},
		Checked: fsckChecked{
			Inodes:      s.Inodes,
			Files:       s.Files,
			Directories: s.Directories,
			Symlinks:    s.Symlinks,
			Specials:    s.Specials,
			Names:       s.Names,
			Xattrs:      s.Xattrs,
			Extents:     s.Extents,
			Items:       s.Items,
			DataBlocks:  s.DataBlocks,
			MetaUsed:    s.MetaUsed,
			MetaFree:    s.MetaFree,
			MetaBlocks:  s.Blocks,
			MetaBytes:   s.Bytes,
			DataBytes:   s.DataRead,
			WithData:    s.WithData,
			Readings:    s.Readings,
			Seconds:     s.Elapsed.Seconds(),
			Phases:      []fsckPhase{},
			PeakMemory:  peakMemory(),
		},
		Next: f.next(s, failed),
	}
	if v := s.Volume; v != nil {
		report.Volume = &fsckVolume{fixedHex(v.FSID), uuid.UUID(v.UUID).String(), v.FormatVersion, v.Seq}
	}
	for i := range s.Tallies {
		report.Problems = append(report.Problems, fsckProblemOf(&s.Tallies[i]))
	}
	for _, phase := range s.Phases {
		report.Checked.Phases = append(report.Checked.Phases, fsckPhase{phase.Name, phase.Elapsed.Seconds()})
	}
	return report
}

func fsckProblemOf(t *fsck.Tally) fsckProblem {
	p := fsckProblem{
		Number:   t.Number,
		Problem:  t.Name,
		Severity: t.Severity.String(),
		Repair:   t.Repair.String(),
		Upstream: t.Upstream,
		Title:    t.Title,
		Means:    t.Means,
		Count:    t.Count,
	}
	for i := range t.Cases {
		p.Cases = append(p.Cases, fsckCaseOf(&t.Cases[i]))
	}
	return p
}

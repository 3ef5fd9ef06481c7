// SPDX-License-Identifier: GPL-2.0-or-later

package status

import (
	"math"

	"scoutfs/engine/format"
)

// Search is the volume's search files (docs/format.md 8).
type Search struct {
	Logs    SearchFiles  `json:"logs"`    // wait to be sorted
	Sorted  SearchFiles  `json:"sorted"`  //
	Writing SearchFiles  `json:"writing"` // logs that mounts append to
	Pending uint64       `json:"pending"` // compactions that no mount works on
	Busy    uint64       `json:"busy"`    // compactions that mounts work on
	List    []Compaction `json:"compactions"`

	meta uint64 // free blocks held by compactions
}

// SearchFiles adds files up.
type SearchFiles struct {
	Files   uint64 `json:"files"`
	Blocks  uint64 `json:"blocks"` // 64 KiB
	Entries uint64 `json:"entries"`
}

func (f *SearchFiles) add(v *format.SrchFile) {
	if v.Blocks.Get() == 0 {
		return
	}
	f.Files++
	f.Blocks += v.Blocks.Get()
	f.Entries += v.Entries.Get()
}

// Compaction merges search files into one.
type Compaction struct {
	ID      ID     `json:"id"`
	Phase   string `json:"phase"`         // log or sorted: what is being merged; delete: inputs are being deleted
	Busy    bool   `json:"busy"`          // a mount works on it
	RID     *ID    `json:"rid,omitempty"` // of that mount
	Mounted bool   `json:"mounted"`
	Inputs  int    `json:"inputs"`
	Blocks  uint64 `json:"blocks"` // of the inputs
	Output  uint64 `json:"output_blocks"`
}

func (r *reader) search() {
	s := &Search{List: []Compaction{}}
	r.status.Search = s
	tree := r.tree(format.TreeSrchRoot, r.super.SrchRoot.Root())
	logs := format.Range{Start: format.SrchLogKey(0), End: format.SrchLogKey(math.MaxUint64)}
	sorted := format.Range{Start: format.SrchBlocksKey(0, 0), End: format.SrchBlocksKey(math.MaxUint64, math.MaxUint64)}
	pending := format.Range{Start: format.SrchPendingKey(0), End: format.SrchPendingKey(math.MaxUint64)}
	busy := format.Range{Start: format.SrchBusyKey(0, 0), End: format.SrchBusyKey(math.MaxUint64, math.MaxUint64)}
	eachItem(r, SectionSearch, tree, logs, func(_ format.Key, v *format.SrchFile) { s.Logs.add(v) })
	eachItem(r, SectionSearch, tree, sorted, func(_ format.Key, v *format.SrchFile) { s.Sorted.add(v) })
	eachItem(r, SectionSearch, tree, pending, func(_ format.Key, v *format.SrchCompact) {
		s.Pending++
		s.add(compaction(v), v)
	})
	eachItem(r, SectionSearch, tree, busy, func(k format.Key, v *format.SrchCompact) {
		s.Busy++
		c, rid := compaction(v), ID(k.Second)
		c.Busy, c.RID, c.Mounted = true, &rid, r.status.Mounts.Has(rid)
		s.add(c, v)
	})
	for i := range r.status.LogTrees.List {
		if t := &r.status.LogTrees.List[i]; t.SearchBlocks > 0 {
			s.Writing.Files++
			s.Writing.Blocks += t.SearchBlocks
			s.Writing.Entries += t.SearchEntries
		}
	}
}

func (s *Search) add(c Compaction, v *format.SrchCompact) {
	s.meta += v.MetaAvail.TotalNr.Get() + v.MetaFreed.TotalNr.Get()
	if len(s.List) < MaxListed {
		s.List = append(s.List, c)
	}
}

func compaction(v *format.SrchCompact) Compaction {
	c := Compaction{ID: ID(v.ID.Get()), Inputs: len(v.Inputs()), Output: v.Out.Blocks.Get()}
	switch flags := v.Flags; {
	case flags&format.SrchCompactDelete != 0:
		c.Phase = "delete"
	case flags&format.SrchCompactSorted != 0:
		c.Phase = "sorted"
	case flags&format.SrchCompactLog != 0:
		c.Phase = "log"
	}
	for i := range v.Inputs() {
		c.Blocks += v.In[i].File.Blocks.Get()
	}
	return c
}

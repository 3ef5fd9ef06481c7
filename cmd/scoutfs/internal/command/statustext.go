// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/engine/format"
	"scoutfs/status"
)

// showStatus writes a status in the form that the user asked for.
func showStatus(out *output.Writer, s *status.Status) error {
	switch out.Form() {
	case output.JSON, output.JSONL:
		return out.Object(s)
	case output.Table:
		return tabulateStatus(out, s)
	}
	t := statusText{out}
	t.volume(s)
	t.space(s)
	t.quorum(s.Quorum)
	t.mounts(s.Mounts)
	t.local(s.Local)
	t.logTrees(s.LogTrees)
	t.merge(s.Merge)
	t.search(s.Search)
	t.damage(s.Damage)
	t.hints(s.Hints)
	return out.Err()
}

// statusText writes a status for people: a heading for each part, and below
// it lines of a label and a value.
type statusText struct{ out *output.Writer }

func (t statusText) heading(text string) { t.out.Printf("%s\n", text) }

// valueColumn is where values begin.
const valueColumn = 24

func (t statusText) line(label, format string, args ...any) {
	t.out.Printf("  %-*s%s\n", valueColumn-2, label+":", fmt.Sprintf(format, args...))
}

// below is a line that belongs to the one above it.
func (t statusText) below(format string, args ...any) {
	t.out.Printf("    %s\n", fmt.Sprintf(format, args...))
}

// more says how many entries of a list are not shown.
func (t statusText) more(count uint64, shown int) {
	if rest := count - uint64(shown); rest > 0 {
		t.below("and %d more", rest)
	}
}

func (t statusText) volume(s *status.Status) {
	v := &s.Volume
	t.heading("volume")
	t.line("fsid", "%s", v.FSID)
	if v.UUID != "" {
		t.line("uuid", "%s", v.UUID)
	}
	t.line("format version", "%d", v.FormatVersion)
	if o := s.Options; o != nil {
		t.line("features", "%s", wordList(o.Features))
		t.line("data zones of", "%s", zoneText(o))
	}
	if v.Seq != nil {
		t.line("last sequence number", "%d", *v.Seq)
	}
	if v.CommittedSeq != nil {
		t.line("committed up to", "%d", *v.CommittedSeq)
	}
	if v.Commits != nil {
		t.line("commits", "%d", *v.Commits)
	}
	for i := range s.Devices {
		d := &s.Devices[i]
		t.line(d.Role+" device", "%s, %d bytes, %s blocks of %d KiB", shownName(d.Name), d.Bytes,
			values.CountSize(d.Blocks, d.BlockSize), d.BlockSize>>10)
	}
}

func wordList(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, " ")
}

func zoneText(o *status.Options) string {
	if o.DataAllocZoneBlocks == nil {
		return "not set"
	}
	return fmt.Sprintf("%s blocks, %d of them", values.CountSize(*o.DataAllocZoneBlocks, format.SmallBlockSize), o.Zones)
}

func (t statusText) space(s *status.Status) {
	if s.Space != nil {
		t.heading("space")
		m, d := &s.Space.Meta, &s.Space.Data
		meta := func(blocks uint64) string { return values.CountSize(blocks, format.LargeBlockSize) }
		data := func(blocks uint64) string { return values.CountSize(blocks, format.SmallBlockSize) }
		t.line("metadata", "%s blocks, %s available", meta(m.Total), meta(m.Available))
		t.below("%s free, of which %s are kept back", meta(m.Free), meta(m.Reserved))
		if h := m.Held; h != nil {
			t.below("held by allocators %d, server %d, log trees %d, log merge %d, compactions %d",
				h.Allocators, h.Server, h.LogTrees, h.Merge, h.Compactions)
		}
		t.line("data", "%s blocks, %s free", data(d.Total), data(d.Free))
		if h := d.Held; h != nil {
			t.below("held by allocator %d, log trees %d", h.Allocator, h.LogTrees)
		}
	}
	if i := s.Inodes; i != nil {
		t.line("inodes", "%d of %d", int64(i.Count), i.Max)
		if i.Next != 0 {
			t.line("next inode", "%d", i.Next)
		}
		if i.Orphans != nil {
			t.line("orphans", "%d", *i.Orphans)
		}
	}
}

func (t statusText) quorum(q *status.Quorum) {
	if q == nil {
		return
	}
	t.heading("quorum")
	t.line("votes needed", "%d of %d slots", q.VotesNeeded, len(q.Slots))
	t.line("greatest term", "%d", q.Term)
	if l := q.Leader; l == nil {
		t.line("last leader", "none")
	} else {
		t.line("last leader", "%s, %s", leaderText(l), leaderState(l))
	}
	for i := range q.ToFence {
		t.line("to be fenced", "%s", leaderText(&q.ToFence[i]))
	}
	for i := range q.Slots {
		s := &q.Slots[i]
		t.line(fmt.Sprintf("slot %d", s.Slot), "%s, %s", s.Address, slotState(s))
		for _, e := range s.Events {
			t.below("%-5s  term %d, mount %s, write %d, %s seconds after boot", e.Event, e.Term, e.RID, e.WriteNr, e.Time)
		}
	}
}

func leaderText(l *status.Leader) string {
	return fmt.Sprintf("mount %s in slot %d (%s), term %d", l.RID, l.Slot, l.Address, l.Term)
}

func leaderState(l *status.Leader) string {
	if l.Stopped {
		return "stopped"
	}
	return "not stopped"
}

func slotState(s *status.Slot) string {
	switch {
	case s.InUse:
		return fmt.Sprintf("in use by mount %s", s.RID)
	case len(s.Events) == 0:
		return "never used"
	}
	return "free"
}

func (t statusText) mounts(m *status.Mounts) {
	if m == nil {
		return
	}
	t.heading("mounts")
	if m.Count == 0 {
		t.out.Printf("  none\n")
	}
	for i := range m.List {
		t.line(m.List[i].RID.String(), "%s, %s", m.List[i].Address, quorumText(m.List[i].Quorum))
	}
	t.more(m.Count, len(m.List))
}

func quorumText(member bool) string {
	if member {
		return "quorum member"
	}
	return "client only"
}

func (t statusText) local(l *status.Local) {
	if l == nil {
		return
	}
	t.heading("this mount")
	t.line("rid", "%s", l.RID)
	for _, v := range []struct{ label, text string }{
		{"sysfs", l.Sysfs},
		{"data device", l.DataDevice},
		{"meta device", l.MetaDevice},
		{"compact_delay_ms", l.CompactDelay},
	} {
		if v.text != "" {
			t.line(v.label, "%s", v.text)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.Options)) {
		t.below("%s=%s", name, l.Options[name])
	}
	if q := l.Quorum; q != nil {
		t.line("quorum slot", "%s, %s in term %s", q.Slot, q.Role, q.Term)
	}
	for i := range l.Fences {
		f := &l.Fences[i]
		t.line("fence", "mount %s at %s, %s, for %s seconds, %s", f.RID, f.Address, f.Reason, f.Elapsed, fenceState(f))
	}
	if w := l.Waiting; w != nil {
		t.line("waiting for data", "%d blocks of %d files", w.Blocks, w.Inodes)
	}
}

func fenceState(f *status.Fence) string {
	switch {
	case f.Failed:
		return "failed"
	case f.Fenced:
		return "done"
	}
	return "waiting"
}

func (t statusText) logTrees(l *status.LogTrees) {
	if l == nil {
		return
	}
	t.heading("log trees")
	t.line("in all", "%d, %d finalized, %d with an open transaction", l.Count, l.Finalized, l.Open)
	for i := range l.List {
		tree := &l.List[i]
		t.line(fmt.Sprintf("%s.%d", tree.RID, tree.Nr), "%s", logTreeState(tree))
		t.below("items: height %d, up to sequence number %d; inodes %+d; search log: %d entries in %d blocks",
			tree.ItemHeight, tree.MaxItemSeq, tree.InodeCountDelta, tree.SearchEntries, tree.SearchBlocks)
		t.below("metadata: %d to allocate%s, %d freed; data: %d to allocate%s, %d freed",
			tree.MetaAvail, lowText(tree.MetaLow), tree.MetaFreed, tree.DataAvail, lowText(tree.DataLow), tree.DataFreed)
		if len(tree.Zones) > 0 {
			t.below("data zones: %s", strings.Trim(fmt.Sprint(tree.Zones), "[]"))
		}
	}
	t.more(l.Count, len(l.List))
}

func logTreeState(tree *status.LogTree) string {
	mount := "not mounted"
	if tree.Mounted {
		mount = "mounted"
	}
	switch {
	case tree.Finalized:
		return fmt.Sprintf("finalized at %d, last commit %d, %s", tree.FinalizeSeq, tree.CommitTransSeq, mount)
	case tree.Open:
		return fmt.Sprintf("transaction %d open, last commit %d, %s", tree.GetTransSeq, tree.CommitTransSeq, mount)
	}
	return fmt.Sprintf("no transaction open, last commit %d, %s", tree.CommitTransSeq, mount)
}

func lowText(low bool) string {
	if low {
		return " (low)"
	}
	return ""
}

func (t statusText) merge(m *status.Merge) {
	if m == nil {
		return
	}
	t.heading("log merge")
	switch {
	case m.InProgress:
		t.line("in progress", "of %d log trees finalized before %d, waits for %s", m.Inputs, m.Seq, m.WaitsFor)
		t.line("next range from", "%s", m.Next)
	default:
		t.line("in progress", "no")
	}
	t.line("to do", "%d ranges, %d jobs, %d finished jobs, %d merged trees to free", m.Ranges, m.Requests, m.Completions, m.Freeing)
	for i := range m.Jobs {
		j := &m.Jobs[i]
		t.below("%s of mount %s, seq %d: %s to %s%s", jobState(j), j.RID, j.Seq, j.Start, j.End, remainText(j.Remain))
	}
	t.more(m.Requests+m.Completions, len(m.Jobs))
	for i := range m.FreeingList {
		f := &m.FreeingList[i]
		t.below("freeing a tree of height %d, seq %d, from %s", f.Height, f.Seq, f.Key)
	}
	t.more(m.Freeing, len(m.FreeingList))
}

func jobState(j *status.MergeJob) string {
	if j.Done {
		return "finished job"
	}
	return "job"
}

func remainText(remain bool) string {
	if remain {
		return ", and a rest"
	}
	return ""
}

func (t statusText) search(s *status.Search) {
	if s == nil {
		return
	}
	t.heading("search files")
	for _, row := range searchRows(s) {
		t.line(row.name, "%d files, %d entries in %d blocks", row.files.Files, row.files.Entries, row.files.Blocks)
	}
	t.line("compactions", "%d pending, %d busy", s.Pending, s.Busy)
	for i := range s.List {
		c := &s.List[i]
		t.below("%s: phase %s, %d inputs of %d blocks, %d blocks written, %s", c.ID, c.Phase, c.Inputs, c.Blocks, c.Output, compactionState(c))
	}
	t.more(s.Pending+s.Busy, len(s.List))
}

func compactionState(c *status.Compaction) string {
	if c.Busy {
		return fmt.Sprintf("with mount %s", c.RID)
	}
	return "pending"
}

// searchRow is one sum of search files.
type searchRow struct {
	name  string
	files status.SearchFiles
}

func searchRows(s *status.Search) []searchRow {
	return []searchRow{{"being written", s.Writing}, {"to be sorted", s.Logs}, {"sorted", s.Sorted}}
}

func (t statusText) damage(damage []status.Damage) {
	if len(damage) == 0 {
		return
	}
	t.heading("damage")
	for i := range damage {
		t.line(damage[i].Section, "%s", damage[i].Message)
	}
}

func (t statusText) hints(hints []status.Hint) {
	t.heading("hints")
	if len(hints) == 0 {
		t.out.Printf("  none\n")
	}
	for i := range hints {
		h := &hints[i]
		t.out.Printf("  %s: %s: %s\n", h.Level, h.ID, h.Text)
	}
}

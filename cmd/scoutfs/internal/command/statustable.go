// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"fmt"
	"strconv"

	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/status"
)

// tabulateStatus writes the lists of a status as tables, each under its
// heading.
func tabulateStatus(out *output.Writer, s *status.Status) error {
	t := &statusTables{out: out}
	t.write("devices", deviceTable(s.Devices))
	t.write("space", spaceTable(s.Space))
	if s.Quorum != nil {
		t.write("quorum slots", slotTable(s.Quorum))
	}
	if s.Mounts != nil {
		t.write("mounts", mountTable(s.Mounts.List))
	}
	if s.LogTrees != nil {
		t.write("log trees", logTreeTable(s.LogTrees.List))
	}
	if s.Merge != nil {
		t.write("log merge jobs", jobTable(s.Merge.Jobs))
	}
	if s.Search != nil {
		t.write("search files", searchTable(s.Search))
		t.write("compactions", compactionTable(s.Search.List))
	}
	t.write("damage", damageTable(s.Damage))
	t.write("hints", hintTable(s.Hints))
	return t.err
}

// statusTables writes tables with an empty line between them.
type statusTables struct {
	out   *output.Writer
	begun bool
	err   error
}

// table is headings, and rows of as many cells.
type table struct {
	columns []output.Column
	rows    [][]string
}

// write writes a table unless it has no rows.
func (t *statusTables) write(heading string, content table) {
	if len(content.rows) == 0 || t.err != nil {
		return
	}
	if t.begun {
		t.out.Printf("\n")
	}
	t.begun = true
	t.out.Printf("%s\n", heading)
	columns := t.out.Table(content.columns...)
	for _, row := range content.rows {
		columns.Row(row...)
	}
	t.err = columns.Close()
}

// columns makes headings of which those that begin with "#" are of numbers.
func columns(names ...string) []output.Column {
	var list []output.Column
	for _, name := range names {
		if name[0] == '#' {
			list = append(list, output.Column{Name: name[1:], Right: true})
		} else {
			list = append(list, output.Column{Name: name})
		}
	}
	return list
}

// cells writes values as cells.
func cells(values ...any) []string {
	var list []string
	for _, v := range values {
		switch v := v.(type) {
		case bool:
			list = append(list, map[bool]string{true: "yes", false: "no"}[v])
		default:
			list = append(list, fmt.Sprint(v))
		}
	}
	return list
}

func deviceTable(devices []status.Device) table {
	t := table{columns: columns("ROLE", "NAME", "#BYTES", "#BLOCKS", "#BLOCK SIZE", "#FORMAT")}
	for i := range devices {
		d := &devices[i]
		t.rows = append(t.rows, cells(d.Role, shownName(d.Name), d.Bytes, d.Blocks, d.BlockSize, d.FormatVersion))
	}
	return t
}

func spaceTable(s *status.Space) table {
	t := table{columns: columns("DEVICE", "#TOTAL", "#USED", "#FREE", "#KEPT BACK", "#AVAILABLE")}
	if s != nil {
		t.rows = append(t.rows,
			cells(status.RoleMeta, s.Meta.Total, s.Meta.Used, s.Meta.Free, s.Meta.Reserved, s.Meta.Available),
			cells(status.RoleData, s.Data.Total, s.Data.Used, s.Data.Free, 0, s.Data.Free))
	}
	return t
}

func slotTable(q *status.Quorum) table {
	t := table{columns: columns("#SLOT", "ADDRESS", "STATE", "#BEGIN", "#TERM", "#ELECT", "#FENCE", "#STOP", "#END")}
	for i := range q.Slots {
		s := &q.Slots[i]
		terms := map[string]string{}
		for _, e := range s.Events {
			terms[e.Event] = strconv.FormatUint(e.Term, 10)
		}
		t.rows = append(t.rows, cells(s.Slot, s.Address, slotState(s),
			terms["begin"], terms["term"], terms["elect"], terms["fence"], terms["stop"], terms["end"]))
	}
	return t
}

func mountTable(mounts []status.Mount) table {
	t := table{columns: columns("RID", "ADDRESS", "QUORUM")}
	for i := range mounts {
		t.rows = append(t.rows, cells(mounts[i].RID, mounts[i].Address, mounts[i].Quorum))
	}
	return t
}

func logTreeTable(trees []status.LogTree) table {
	t := table{columns: columns("RID", "#NR", "MOUNTED", "FINALIZED", "#OPENED", "#COMMITTED", "#HEIGHT", "#MAX SEQ", "#INODES",
		"#META AVAIL", "#META FREED", "#DATA AVAIL", "#DATA FREED")}
	for i := range trees {
		l := &trees[i]
		t.rows = append(t.rows, cells(l.RID, l.Nr, l.Mounted, l.Finalized, l.GetTransSeq, l.CommitTransSeq, l.ItemHeight, l.MaxItemSeq,
			l.InodeCountDelta, l.MetaAvail, l.MetaFreed, l.DataAvail, l.DataFreed))
	}
	return t
}

func jobTable(jobs []status.MergeJob) table {
	t := table{columns: columns("RID", "#SEQ", "DONE", "REST", "START", "END")}
	for i := range jobs {
		j := &jobs[i]
		t.rows = append(t.rows, cells(j.RID, j.Seq, j.Done, j.Remain, j.Start, j.End))
	}
	return t
}

func searchTable(s *status.Search) table {
	t := table{columns: columns("STATE", "#FILES", "#BLOCKS", "#ENTRIES")}
	for _, row := range searchRows(s) {
		t.rows = append(t.rows, cells(row.name, row.files.Files, row.files.Blocks, row.files.Entries))
	}
	return t
}

func compactionTable(compactions []status.Compaction) table {
	t := table{columns: columns("ID", "PHASE", "STATE", "#INPUTS", "#BLOCKS", "#WRITTEN")}
	for i := range compactions {
		c := &compactions[i]
		t.rows = append(t.rows, cells(c.ID, c.Phase, compactionState(c), c.Inputs, c.Blocks, c.Output))
	}
	return t
}

func damageTable(damage []status.Damage) table {
	t := table{columns: columns("SECTION", "MESSAGE")}
	for i := range damage {
		t.rows = append(t.rows, cells(damage[i].Section, damage[i].Message))
	}
	return t
}

func hintTable(hints []status.Hint) table {
	t := table{columns: columns("LEVEL", "HINT", "TEXT")}
	for i := range hints {
		t.rows = append(t.rows, cells(hints[i].Level, hints[i].ID, hints[i].Text))
	}
	return t
}

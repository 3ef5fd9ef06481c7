// SPDX-License-Identifier: GPL-2.0-or-later

package manifest

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"scoutfs/engine/format"
)

// needed are the sections that every manifest has.
var needed = []string{
	"inodes", "count", "walk-inodes meta_seq", "walk-inodes data_seq",
	"read-xattr-totals", "read-xattr-index", "quota-list", "quota-list unsorted",
	"get-allocated-inos", "allocated but not seen in tree",
	"statfs", "scoutfs df", "df", "df inodes", "stat -f",
}

// open begins a section; some have all they say in the heading's comment.
func (p *parser) open(name, comment string) error {
	m := p.m
	switch name {
	case "inodes":
	case "count":
		_, err := fmt.Sscan(comment, &m.Count)
		return err
	case "walk-inodes meta_seq":
		p.section.line = walkInodes(&m.MetaSeq)
	case "walk-inodes data_seq":
		p.section.line = walkInodes(&m.DataSeq)
	case "search-xattrs":
		m.Searches = append(m.Searches, Search{Name: comment[strings.LastIndexByte(comment, ' ')+1:]})
		p.section.line = searchXattrs
	case "read-xattr-totals":
		p.section.line = readXattrTotals
	case "read-xattr-index":
		p.section.line = readXattrIndex
	case "quota-list":
		p.section.line = quotaList(&m.Quotas)
	case "quota-list unsorted":
		p.section.line = quotaList(&m.QuotasUnsorted)
	case "get-allocated-inos":
		p.section.line = allocatedInos
	case "allocated but not seen in tree":
		for word := range strings.FieldsSeq(comment) {
			ino, err := strconv.ParseUint(word, 10, 64)
			if err != nil {
				return err
			}
			m.Unlinked = append(m.Unlinked, ino)
		}
	case "statfs":
		p.section.line, p.section.rows = statfs, 5
	case "scoutfs df":
		p.section.line, p.section.rows = scoutfsDF, 3
	case "df":
		p.section.line, p.section.rows = df(&m.DF), 2
	case "df inodes":
		p.section.line, p.section.rows = df(&m.DFInodes), 2
	case "stat -f":
		p.section.line, p.section.rows = statF, 5
	default:
		return fmt.Errorf("unknown section %q", name)
	}
	return nil
}

// walkInodes reads rows of a running number, major, minor and inode; a
// heading stands before every 25 of them.
func walkInodes(to *[]IndexEntry) func(*parser, string, int) error {
	return func(_ *parser, line string, _ int) error {
		if strings.HasPrefix(line, "#") {
			return nil
		}
		n, err := numbers(line)
		if err == nil && (n[0] != uint64(len(*to)) || n[2] > math.MaxUint32) {
			err = fmt.Errorf("not row %d", len(*to))
		}
		if err != nil {
			return fmt.Errorf("%q: %w", line, err)
		}
		*to = append(*to, IndexEntry{Major: n[1], Minor: uint32(n[2]), Ino: n[3]})
		return nil
	}
}

// numbers reads a line of four numbers; there are very many of them.
func numbers(line string) (n [4]uint64, err error) {
	i := 0
	for word := range strings.FieldsSeq(line) {
		if i == len(n) {
			return n, strconv.ErrSyntax
		}
		if n[i], err = strconv.ParseUint(word, 10, 64); err != nil {
			return n, err
		}
		i++
	}
	if i < len(n) {
		err = strconv.ErrSyntax
	}
	return n, err
}

func searchXattrs(p *parser, line string, _ int) error {
	last := &p.m.Searches[len(p.m.Searches)-1]
	ino, err := strconv.ParseUint(line, 10, 64)
	last.Inos = append(last.Inos, ino)
	return err
}

func readXattrTotals(p *parser, line string, _ int) error {
	var t Total
	err := scan(line, "%d.%d.%d = %d, %d", &t.Name[0], &t.Name[1], &t.Name[2], &t.Total, &t.Count)
	p.m.Totals = append(p.m.Totals, t)
	return err
}

func readXattrIndex(p *parser, line string, _ int) error {
	var e XattrIndexEntry
	err := scan(line, "%d.%d = %d", &e.Major, &e.Minor, &e.Ino)
	p.m.XattrIndex = append(p.m.XattrIndex, e)
	return err
}

// quotaList reads rules such as "  7 13,L,- 15,L,- 17,L,- I 33 -".
func quotaList(to *[]format.QuotaRule) func(*parser, string, int) error {
	return func(p *parser, line string, row int) error {
		if strings.Contains(line, "failed: Operation not supported (95)") && row < 2 {
			p.m.NoQuotas = true
			return nil
		}
		rule, err := quotaRule(line)
		*to = append(*to, rule)
		return err
	}
}

func quotaRule(line string) (format.QuotaRule, error) {
	var rule format.QuotaRule
	words := strings.Fields(line)
	if len(words) != 7 {
		return rule, fmt.Errorf("no rule: %q", line)
	}
	if err := scan(words[0], "%d", &rule.Prio); err != nil {
		return rule, err
	}
	for i, word := range words[1:4] {
		var value uint64
		var source, flag byte
		if err := scan(word, "%d,%c,%c", &value, &source, &flag); err != nil {
			return rule, err
		}
		rule.NameVal[i].Set(value)
		rule.NameSource[i] = byte(strings.IndexByte("LPUG", source))
		rule.NameFlags[i] = byte(strings.IndexByte("-S", flag))
	}
	rule.Op = byte(strings.Index("ID", words[4]))
	var limit uint64
	if err := scan(words[5], "%d", &limit); err != nil {
		return rule, err
	}
	rule.Limit.Set(limit)
	rule.RuleFlags = byte(strings.Index("-C", words[6]))
	// What is no known letter became 255.
	return rule, rule.Check()
}

// allocatedInos reads numbers and ranges "FIRST-LAST".
func allocatedInos(p *parser, line string, _ int) error {
	first, last, isRange := strings.Cut(line, "-")
	from, err := strconv.ParseUint(first, 10, 64)
	if err != nil {
		return err
	}
	to := from
	if isRange {
		if to, err = strconv.ParseUint(last, 10, 64); err != nil {
			return err
		}
	}
	for ino := from; ino <= to; ino++ {
		p.m.Allocated = append(p.m.Allocated, ino)
	}
	return nil
}

func statfs(p *parser, line string, row int) error {
	s := &p.m.Statfs
	switch row {
	case 0:
		return scan(line, "fsid %x", &s.FSID)
	case 1:
		return scan(line, "rid %x", &s.RID)
	case 2:
		return scan(line, "committed_seq %d", &s.CommittedSeq)
	case 3:
		return scan(line, "total_meta_blocks %d", &s.TotalMetaBlocks)
	}
	return scan(line, "total_data_blocks %d", &s.TotalDataBlocks)
}

func scoutfsDF(p *parser, line string, row int) error {
	d := &p.m.ScoutfsDF
	switch row {
	case 1:
		return dfRow(line, "MetaData", &d.Meta)
	case 2:
		return dfRow(line, "Data", &d.Data)
	}
	return nil // a heading
}

func dfRow(line, name string, to *DFRow) error {
	return scan(line, name+" %dKB %d %d %d %d", &to.BlockKiB, &to.Total, &to.Used, &to.Free, &to.UsePercent)
}

func df(to *DF) func(*parser, string, int) error {
	return func(_ *parser, line string, row int) error {
		if row == 0 {
			return nil // a heading
		}
		var device, mount string
		return scan(line, "%s %d %d %d %d%% %s", &device, &to.Total, &to.Used, &to.Available, &to.UsePercent, &mount)
	}
}

func statF(p *parser, line string, row int) error {
	s := &p.m.FileSystem
	switch row {
	case 1:
		return scan(line, "ID: %x Namelen: %d Type: UNKNOWN (%v)", &s.ID, &s.Namelen, &s.Type)
	case 2:
		return scan(line, "Block size: %d Fundamental block size: %d", &s.BlockSize, &s.FragmentSize)
	case 3:
		return scan(line, "Blocks: Total: %d Free: %d Available: %d", &s.Blocks, &s.Free, &s.Available)
	case 4:
		return scan(line, "Inodes: Total: %d Free: %d", &s.Inodes, &s.FreeInodes)
	}
	return nil // the file's name
}

// scan is fmt.Sscanf that takes any number of spaces for one.
func scan(line, format string, to ...any) error {
	line = strings.Join(strings.Fields(line), " ")
	if _, err := fmt.Sscanf(line+"\n", format+"\n", to...); err != nil {
		return fmt.Errorf("%q is not %q: %w", line, format, err)
	}
	return nil
}

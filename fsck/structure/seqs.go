// SPDX-License-Identifier: GPL-2.0-or-later

package structure

import (
	"fmt"
	"sync"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// seqs compares sequence numbers with the super's, which none may exceed
// (docs/format.md 7.2, B 15). If a single one does it is that one which is
// wrong; if there are more it is the super's.
type seqs struct {
	limit uint64 // the super's

	mutex    sync.Mutex // guards what follows
	beyond   int
	first    problem.Finding
	greatest uint64
}

// check looks at a sequence number other than 0.
func (s *seqs) check(seq uint64, n problem.Number, place problem.Place) {
	if seq <= s.limit {
		return
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.beyond == 0 {
		s.first = problem.Finding{Number: n, Place: place, Found: fmt.Sprint(seq), Expected: fmt.Sprintf("at most the volume's %d", s.limit)}
	}
	s.beyond++
	s.greatest = max(s.greatest, seq)
}

// items looks at the items of a leaf of fs_root.
func (s *seqs) items(t *mergedTree, b btree.Block) {
	for slot := range b.Block.NrItems() {
		it := b.Block.Item(slot)
		s.check(it.Seq.Get(), problem.ItemSeq, withKey(at(t.place(), b.Ref.Blkno), it.Key.Key()))
	}
}

// wrong reports whether the super's is wrong.
func (s *seqs) wrong() bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.beyond > 1
}

// SeqWrong reports whether the super's sequence number is behind so many that
// are in use that it is the one that is wrong. It is meaningful once all
// leaves were seen. Finish reports it.
func (c *Checker) SeqWrong() bool { return c.seqs.wrong() }

// finish reports what came out.
func (s *seqs) finish(report problem.Reporter) {
	switch {
	case s.beyond == 1:
		report(s.first)
	case s.beyond > 1:
		report(problem.Finding{
			Number: problem.SuperSeq, Place: inSuper("seq"), Found: fmt.Sprint(s.limit),
			Expected: fmt.Sprintf("at least %d", s.greatest),
		})
	}
}

// finishTrees reports items of log trees that are newer than their trees say,
// one for each tree.
func (c *Checker) finishTrees() {
	for _, t := range c.leaves.trees {
		if g := t.greatest; t.kind == format.TreeLogItems && g.seq > t.maxSeq {
			c.report(problem.LogTreesMaxItemSeq, withField(withKey(at(t.place(), g.blkno), g.key), "seq"), fmt.Sprint(g.seq),
				fmt.Sprintf("at most the tree's max_item_seq %d", t.maxSeq))
		}
	}
}

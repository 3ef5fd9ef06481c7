// SPDX-License-Identifier: GPL-2.0-or-later

package forest

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/format"
)

// Snapshot is the state of the filesystem's trees as one super has them.
type Snapshot struct {
	Super    *format.Super
	LogTrees []*format.LogTrees // every item of logs_root, by rid and nr
	// Merge is the merge in progress, nil without one.
	Merge *format.LogMergeStatus

	blocks  *block.Reader
	trees   []tree
	overlay *Overlay // nil for what is on the devices alone
}

// bucket sorts the versions of a total (docs/format.md 7.3).
type bucket uint8

const (
	bucketFS    bucket = iota // fs_root
	bucketInput               // log trees that the merge in progress takes in
	bucketLog                 // all other log trees
	buckets
)

// Tree names one of the trees that make the view. RID and Nr are those of a
// log tree.
type Tree struct {
	Kind    format.Tree // TreeFSRoot or TreeLogItems
	RID, Nr uint64
}

// tree is one of the trees that are merged, in the order in which equal seqs
// win: fs_root first, then log trees by rid and nr.
type tree struct {
	id     Tree
	name   string
	btree  btree.Tree
	bucket bucket
	bloom  format.Ref
}

// Load reads the log trees and the merge state of a super. The super is
// copied. Damage in logs_root is an error, since without one of its items
// the view would be wrong in silence.
func Load(ctx context.Context, blocks *block.Reader, super *format.Super) (*Snapshot, error) {
	own := *super
	s := &Snapshot{Super: &own, blocks: blocks}
	if err := s.loadMerge(ctx); err != nil {
		return nil, fmt.Errorf("reading log_merge: %w", err)
	}
	if err := s.loadLogTrees(ctx); err != nil {
		return nil, fmt.Errorf("reading logs_root: %w", err)
	}
	s.addTrees()
	return s, nil
}

// New returns the snapshot of a super, log trees by rid and nr, and a merge or
// nil that were read before. Nothing is copied but the super. It does no I/O.
func New(blocks *block.Reader, super *format.Super, logs []*format.LogTrees, merge *format.LogMergeStatus) *Snapshot {
	own := *super
	s := &Snapshot{Super: &own, LogTrees: logs, Merge: merge, blocks: blocks}
	s.addTrees()
	return s
}

// With returns the view of the snapshot with an overlay's changes, those that
// are made later too. Super, LogTrees and Merge stay the snapshot's.
func (s *Snapshot) With(o *Overlay) *Snapshot {
	view := *s
	view.overlay = o
	return &view
}

// overlayBucket is where the overlay's totals will count when they are in a
// log tree of a process that finalizes it with each commit.
func (s *Snapshot) overlayBucket() bucket {
	if s.Merge == nil {
		return bucketInput
	}
	return bucketLog
}

func (s *Snapshot) addTrees() {
	s.addTree(Tree{Kind: format.TreeFSRoot}, "fs_root", s.Super.FSRoot.Root(), bucketFS, format.Ref{})
	for _, lt := range s.LogTrees {
		name := logTreesName(lt)
		id := Tree{format.TreeLogItems, lt.RID.Get(), lt.Nr.Get()}
		s.addTree(id, name, lt.ItemRoot.Root(), s.bucketOf(lt), lt.BloomRef.Ref())
	}
}

// Blocks returns the reader that the snapshot was loaded with, for the other
// trees and files that its super leads to.
func (s *Snapshot) Blocks() *block.Reader { return s.blocks }

func (s *Snapshot) loadMerge(ctx context.Context) error {
	merge := btree.Tree{Reader: s.blocks, Root: s.Super.LogMerge.Root(), Kind: format.TreeLogMerge}
	it, err := merge.Lookup(ctx, format.LogMergeStatusKey())
	if errors.Is(err, syscall.ENOENT) {
		return nil
	}
	if err != nil {
		return err
	}
	status, err := format.ViewExact[format.LogMergeStatus](it.Value)
	if err == nil {
		own := *status
		s.Merge = &own
	}
	return err
}

func (s *Snapshot) loadLogTrees(ctx context.Context) error {
	logs := btree.Tree{Reader: s.blocks, Root: s.Super.LogsRoot.Root(), Kind: format.TreeLogsRoot}
	for it, err := range logs.Items(ctx, format.AllKeys()) {
		if err != nil {
			return err
		}
		lt, err := format.ViewExact[format.LogTrees](it.Value)
		if err != nil {
			return err
		}
		own := *lt
		s.LogTrees = append(s.LogTrees, &own)
	}
	return nil
}

// bucketOf says whether a log tree's totals are inputs of the merge. Without
// a merge all finalized trees are, for the next one takes them all.
func (s *Snapshot) bucketOf(lt *format.LogTrees) bucket {
	finalized := lt.Flags.Get()&format.LogTreesFinalized != 0
	if finalized && (s.Merge == nil || lt.FinalizeSeq.Get() < s.Merge.Seq.Get()) {
		return bucketInput
	}
	return bucketLog
}

func (s *Snapshot) addTree(id Tree, name string, root format.Root, b bucket, bloom format.Ref) {
	// A log tree without a bloom block counts as empty, whatever its root
	// says (docs/format.md 7.3).
	if root.Height == 0 || id.Kind == format.TreeLogItems && bloom.IsZero() {
		return
	}
	s.trees = append(s.trees, tree{
		id:     id,
		name:   name,
		btree:  btree.Tree{Reader: s.blocks, Root: root, Kind: id.Kind},
		bucket: b,
		bloom:  bloom,
	})
}

func logTreesName(lt *format.LogTrees) string {
	return fmt.Sprintf("log trees %016x.%d", lt.RID.Get(), lt.Nr.Get())
}

// failure gives an error of a log tree the mount that wrote it; all log trees
// have the same name otherwise.
func (t *tree) failure(err error) error {
	if t.btree.Kind != format.TreeLogItems {
		return err
	}
	return fmt.Errorf("%s: %w", t.name, err)
}

// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt

import (
	"errors"

	"scoutfs/debug/surgery"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

func (op *operation) mergeTree() *surgery.Tree { return op.treeOf(format.TreeLogMerge) }

func (op *operation) putMerge(k format.Key, value []byte) error {
	return insertable(op.v.Insert(op.mergeTree(), surgery.NewItem{Key: k, Value: value}))
}

// mergeItem picks an item of the log merge.
func (op *operation) mergeItem(kind format.ItemKind) (surgery.Item, error) {
	return op.item(op.treesOf(format.TreeLogMerge), func(it surgery.Item) bool { return kindOf(it) == kind })
}

// mergeStatus holds the status of the log merge. Without a merge it begins
// one: as a server does it first, with all finalized log trees as inputs and
// nothing handed out (docs/format.md 7.6).
func (op *operation) mergeStatus() (*format.LogMergeStatus, error) {
	it, err := op.mergeItem(format.KindLogMergeStatus)
	if errors.Is(err, errNone) {
		op.super.Seq.Set(op.super.Seq.Get() + 1)
		var status format.LogMergeStatus
		status.Seq.Set(op.super.Seq.Get())
		if err := op.putMerge(format.LogMergeStatusKey(), format.Bytes(&status)); err != nil {
			return nil, err
		}
		it, err = op.mergeItem(format.KindLogMergeStatus)
	}
	if err != nil {
		return nil, err
	}
	return view[format.LogMergeStatus](op, it)
}

// addRange adds a range to the merge. at is the start that its key is made of.
func (op *operation) addRange(at, start, end format.Key) error {
	var r format.LogMergeRange
	r.Start.Set(start)
	r.End.Set(end)
	return op.putMerge(format.LogMergeRangeKey(at), format.Bytes(&r))
}

// noRanges removes the ranges of a merge.
func (op *operation) noRanges() error {
	for {
		it, err := op.mergeItem(format.KindLogMergeRange)
		if errors.Is(err, errNone) {
			return nil
		}
		if err == nil {
			err = op.v.Remove(it)
		}
		if err != nil {
			return err
		}
	}
}

// freeingItem adds the record of a log tree that has nothing left to free.
func (op *operation) freeingItem(key, seq uint64) error {
	var f format.LogMergeFreeing
	f.Seq.Set(seq)
	return op.putMerge(format.LogMergeFreeingKey(key), format.Bytes(&f))
}

// inMerge makes a damage of a change to a merge that has begun.
func inMerge(change func(*operation, *format.LogMergeStatus) error) func(*operation) error {
	return func(op *operation) error {
		status, err := op.mergeStatus()
		if err != nil {
			return err
		}
		return change(op, status)
	}
}

func onRequest(change func(*operation, *format.LogMergeRequest)) func(*operation) error {
	return func(op *operation) error {
		it, err := op.mergeItem(format.KindLogMergeRequest)
		if err != nil {
			return err
		}
		r, err := view[format.LogMergeRequest](op, it)
		if err == nil {
			change(op, r)
		}
		return err
	}
}

func mergeKinds() []Kind {
	const (
		room    = "room for the records of a merge"
		request = "request of a log merge"
	)
	// Ranges are made from keys of inodes, and of a zone before all items,
	// which no job is about.
	low, high := format.InodeKey(500), format.InodeKey(1000)
	before, nearer, end := format.Key{Zone: 1}, format.Key{Zone: 1, First: 1}, format.Key{Zone: 1, First: 9}
	return []Kind{
		{
			Name: "merge-requests", Problem: problem.MergeRequestCount, Needs: room,
			Does: "Changes a log merge's count of requests.",
			apply: inMerge(func(op *operation, s *format.LogMergeStatus) error {
				s.NrRequests.Set(s.NrRequests.Get() + op.some())
				return nil
			}),
		},
		{
			Name: "merge-completes", Problem: problem.MergeCompleteCount, Needs: room,
			Does: "Changes a log merge's count of finished jobs.",
			apply: inMerge(func(_ *operation, s *format.LogMergeStatus) error {
				s.NrComplete.Set((s.NrComplete.Get() + 1) % format.LogMergeSpliceCount)
				return nil
			}),
		},
		{
			Name: "merge-range-inverted", Problem: problem.MergeRange, Needs: room,
			Does: "Adds a range to a log merge that ends before it starts.",
			apply: inMerge(func(op *operation, _ *format.LogMergeStatus) error {
				return firstError(op.noRanges(), op.addRange(high, high, low))
			}),
		},
		{
			Name: "merge-range-overlap", Problem: problem.MergeRange, Needs: room,
			Does: "Gives a log merge two ranges that overlap.",
			apply: inMerge(func(op *operation, _ *format.LogMergeStatus) error {
				return firstError(op.noRanges(),
					op.addRange(format.Key{}, format.Key{}, high),
					op.addRange(low, low, format.MaxKey()))
			}),
		},
		{
			Name: "merge-key-range", Problem: problem.MergeKey, Needs: room,
			Does: "Adds a range to a log merge under the key of another.",
			apply: inMerge(func(op *operation, _ *format.LogMergeStatus) error {
				return firstError(op.noRanges(), op.addRange(before, nearer, end))
			}),
		},
		{
			Name: "merge-key-freeing", Problem: problem.MergeKey, Needs: room,
			Does: "Adds a merged log tree under the key of another.",
			apply: func(op *operation) error {
				return op.freeingItem(1+op.rng.Uint64N(op.super.Seq.Get()), 0)
			},
		},
		{
			Name: "merge-key-request", Problem: problem.MergeKey, Needs: request,
			Does:  "Changes the mount in a request of a log merge.",
			apply: onRequest(func(op *operation, r *format.LogMergeRequest) { r.RID.Set(r.RID.Get() ^ 1<<op.pick(64)) }),
		},
		{
			Name: "merge-no-mount", Problem: problem.MergeNoMount, Needs: request,
			Does: "Gives a request of a log merge to a mount that does not exist.",
			apply: func(op *operation) error {
				it, err := op.mergeItem(format.KindLogMergeRequest)
				if err != nil {
					return err
				}
				r, err := view[format.LogMergeRequest](op, it)
				if err != nil {
					return err
				}
				r.RID.Set(r.RID.Get() ^ 1<<op.pick(64))
				return op.v.Rekey(it, format.LogMergeRequestKey(r.RID.Get(), r.Seq.Get()))
			},
		},
		{
			Name: "merge-flags-request", Problem: problem.MergeFlags, Needs: request,
			Does:  "Sets a flag in a request of a log merge that does not exist.",
			apply: onRequest(func(op *operation, r *format.LogMergeRequest) { r.Flags.Set(r.Flags.Get() | 2<<op.pick(63)) }),
		},
		{
			Name: "merge-flags-complete", Problem: problem.MergeFlags, Needs: room,
			Does: "Adds a finished job to a log merge with a flag that does not exist.",
			apply: inMerge(func(op *operation, s *format.LogMergeStatus) error {
				if s.NrComplete.Get() != 0 {
					return errNone
				}
				s.NrComplete.Set(1)
				return op.completeItem(func(c *format.LogMergeComplete) { c.Flags.Set(4 << op.pick(62)) })
			}),
		},
		{
			Name: "merge-key-complete", Problem: problem.MergeKey, Needs: room,
			Does: "Adds a finished job to a log merge under the key of another.",
			apply: inMerge(func(op *operation, s *format.LogMergeStatus) error {
				if s.NrComplete.Get() != 0 {
					return errNone
				}
				s.NrComplete.Set(1)
				return op.completeItem(func(c *format.LogMergeComplete) { c.Seq.Set(c.Seq.Get() - 1) })
			}),
		},
		{
			Name: "merge-seq-request", Problem: problem.MergeSeq, Needs: request,
			Does: "Gives a request of a log merge an input sequence beyond the volume's.",
			apply: onRequest(func(op *operation, r *format.LogMergeRequest) {
				r.InputSeq.Set(op.super.Seq.Get() + op.some())
			}),
		},
		{
			Name: "merge-no-status", Problem: problem.MergeNoStatus, Needs: "volume without a log merge",
			Does: "Adds a range to merge without a merge.",
			apply: func(op *operation) error {
				if len(op.treesOf(format.TreeLogMerge)) > 0 {
					return errNone
				}
				return op.addRange(format.Key{}, format.Key{}, format.MaxKey())
			},
		},
		{
			Name: "merge-status-lost", Problem: problem.MergeNoStatus, Needs: request,
			Does: "Removes the status of a log merge.",
			apply: func(op *operation) error {
				if _, err := op.mergeItem(format.KindLogMergeRequest); err != nil {
					return err
				}
				it, err := op.mergeItem(format.KindLogMergeStatus)
				if err != nil {
					return err
				}
				return op.v.Remove(it)
			},
		},
		{
			Name: "merge-seq-status", Problem: problem.MergeSeq, Needs: room,
			Does: "Gives a log merge a sequence number beyond the volume's.",
			apply: inMerge(func(op *operation, s *format.LogMergeStatus) error {
				s.Seq.Set(op.super.Seq.Get() + op.some())
				return nil
			}),
		},
		{
			Name: "merge-seq-freeing", Problem: problem.MergeSeq, Needs: room,
			Does: "Adds a merged log tree with a sequence number beyond the volume's.",
			apply: func(op *operation) error {
				seq := op.super.Seq.Get() + op.some()
				return op.freeingItem(seq, seq)
			},
		},
	}
}

// completeItem adds a finished job that has been spliced already.
func (op *operation) completeItem(change func(*format.LogMergeComplete)) error {
	var c format.LogMergeComplete
	seq := 1 + op.rng.Uint64N(op.super.Seq.Get())
	c.Start.Set(format.Key{})
	c.End.Set(format.InodeKey(1))
	c.RID.Set(op.rng.Uint64() | 1)
	c.Seq.Set(seq)
	key := format.LogMergeCompleteKey(seq)
	change(&c)
	return op.putMerge(key, format.Bytes(&c))
}

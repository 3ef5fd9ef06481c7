// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt

import (
	"scoutfs/debug/surgery"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// compaction is the record of a compaction that is to be added: it would be
// right if nothing changed it.
type compaction struct {
	format.SrchCompact
	id  uint64 // of its key
	rid uint64 // of the mount that works on it, 0 for none
}

func (c *compaction) key() format.Key {
	if c.rid != 0 {
		return format.SrchBusyKey(c.rid, c.id)
	}
	return format.SrchPendingKey(c.id)
}

// planCompaction returns a compaction of search logs that no mount works on.
func (op *operation) planCompaction() (*compaction, error) {
	files, err := op.searchFiles()
	if err != nil {
		return nil, err
	}
	files = where(files, func(f searchFile) bool { return !f.sorted && f.inLog == nil })
	if len(files) == 0 {
		return nil, errNone
	}
	var c compaction
	for i, f := range files[:min(len(files), format.SrchCompactInputs)] {
		c.In[i].File = *f.file
		c.Nr++
	}
	c.id = c.In[0].File.Ref.Blkno.Get()
	c.ID.Set(c.id)
	c.Flags = format.SrchCompactLog
	return &c, nil
}

// withCompaction makes a damage of a compaction that something is wrong with.
func withCompaction(change func(*operation, *compaction)) func(*operation) error {
	return func(op *operation) error {
		c, err := op.planCompaction()
		if err != nil {
			return err
		}
		change(op, c)
		return insertable(op.v.Insert(op.treeOf(format.TreeSrchRoot), surgery.NewItem{
			Key: c.key(), Value: format.Bytes(&c.SrchCompact),
		}))
	}
}

// onDeletion makes a damage of a change to a compaction that deletes its
// inputs.
func onDeletion(change func(*operation, *format.SrchCompact)) func(*operation) error {
	return func(op *operation) error {
		it, err := op.item(op.treesOf(format.TreeSrchRoot), func(it surgery.Item) bool {
			kind := kindOf(it)
			if kind != format.KindSrchPending && kind != format.KindSrchBusy {
				return false
			}
			c, err := format.ViewExact[format.SrchCompact](it.Value)
			return err == nil && c.Flags&format.SrchCompactDelete != 0 && c.Nr > 0
		})
		if err != nil {
			return err
		}
		c, err := view[format.SrchCompact](op, it)
		if err == nil {
			change(op, c)
		}
		return err
	}
}

func compactionKinds() []Kind {
	const (
		log      = "search log"
		deletion = "compaction that deletes its inputs"
	)
	return []Kind{
		{
			Name: "compaction-flags-none", Problem: problem.CompactionState, Needs: log,
			Does:  "Adds a compaction of search files that is in no state.",
			apply: withCompaction(func(_ *operation, c *compaction) { c.Flags = 0 }),
		},
		{
			Name: "compaction-flags-both", Problem: problem.CompactionState, Needs: log,
			Does:  "Adds a compaction of search files that merges logs and sorted files at once.",
			apply: withCompaction(func(_ *operation, c *compaction) { c.Flags |= format.SrchCompactSorted }),
		},
		{
			Name: "compaction-flags-unknown", Problem: problem.CompactionState, Needs: log,
			Does:  "Adds a compaction of search files with a flag that does not exist.",
			apply: withCompaction(func(_ *operation, c *compaction) { c.Flags |= 0x40 }),
		},
		{
			Name: "compaction-nr", Problem: problem.CompactionState, Needs: log,
			Does: "Adds a compaction of search files with more inputs than any can have.",
			apply: withCompaction(func(op *operation, c *compaction) {
				c.Nr = byte(format.SrchCompactInputs + 1 + op.pick(200))
			}),
		},
		{
			Name: "compaction-input", Problem: problem.CompactionInput, Needs: log,
			Does: "Adds a compaction of search files with an input that is no search file.",
			apply: withCompaction(func(op *operation, c *compaction) {
				last := &c.In[c.Nr-1].File.Ref.Blkno
				last.Set(last.Get() + op.some())
				c.id = c.In[0].File.Ref.Blkno.Get()
				c.ID.Set(c.id)
			}),
		},
		{
			Name: "compaction-position-block", Problem: problem.CompactionPosition, Needs: log,
			Does: "Adds a compaction of search files that stands behind the last block of an input.",
			apply: withCompaction(func(op *operation, c *compaction) {
				in := &c.In[op.pick(int(c.Nr))]
				in.Blk.Set(in.File.Blocks.Get() + op.some())
			}),
		},
		{
			Name: "compaction-position-bytes", Problem: problem.CompactionPosition, Needs: log,
			Does: "Adds a compaction of search files that stands behind the last entry of a block.",
			apply: withCompaction(func(op *operation, c *compaction) {
				c.In[op.pick(int(c.Nr))].Pos.Set(format.SrchBlockSafeBytes + op.some())
			}),
		},
		{
			Name: "compaction-key", Problem: problem.CompactionKey, Needs: log,
			Does:  "Adds a compaction of search files under the key of another.",
			apply: withCompaction(func(op *operation, c *compaction) { c.id += op.some() }),
		},
		{
			Name: "compaction-no-mount", Problem: problem.CompactionNoMount, Needs: log,
			Does:  "Adds a compaction of search files that a mount works on which does not exist.",
			apply: withCompaction(func(op *operation, c *compaction) { c.rid = op.rng.Uint64()>>1 | 1 }),
		},
		{
			Name: "deletion-flags", Problem: problem.CompactionState, Needs: deletion,
			Does:  "Makes a compaction that deletes its inputs one that merges them too.",
			apply: onDeletion(func(_ *operation, c *format.SrchCompact) { c.Flags |= format.SrchCompactLog }),
		},
		{
			Name: "deletion-key", Problem: problem.CompactionKey, Needs: deletion,
			Does:  "Changes the id of a compaction that deletes its inputs.",
			apply: onDeletion(func(op *operation, c *format.SrchCompact) { c.ID.Set(c.ID.Get() + op.some()) }),
		},
	}
}

// SPDX-License-Identifier: GPL-2.0-or-later

package srch

import (
	"context"
	"fmt"
	"iter"

	"scoutfs/engine/block"
	"scoutfs/engine/format"
)

// compactSorted merges sorted files from where the compaction is.
func compactSorted(ctx context.Context, r *block.Reader, out *output, c *format.SrchCompact) (done bool, err error) {
	var inputs []*input
	defer func() {
		for i, in := range inputs {
			c.In[i].Blk.Set(in.blk)
			c.In[i].Pos.Set(in.pos)
			in.close()
		}
	}()
	for i := range c.Inputs() {
		in, err := openInput(ctx, r, &c.In[i])
		if err != nil {
			return false, err
		}
		inputs = append(inputs, in)
	}
	for {
		least := leastInput(inputs)
		if least == nil {
			return true, out.flush(ctx)
		}
		if ok, err := out.take(ctx, least.entry); err != nil || !ok {
			return false, err
		}
		if err := least.next(); err != nil {
			return false, err
		}
	}
}

// leastInput returns the input with the least entry, nil after all entries.
func leastInput(inputs []*input) *input {
	var least *input
	for _, in := range inputs {
		if !in.ended && (least == nil || in.entry.Compare(least.entry) < 0) {
			least = in
		}
	}
	return least
}

// input reads a sorted file from some entry on.
type input struct {
	pull  func() (Block, error, bool) // leaves
	close func()
	leaf  *format.SrchBlock // nil before the first
	d     Decoder
	// entry is the next entry, and blk and pos are its leaf and its place
	// there.
	entry    format.SrchEntry
	blk, pos uint64
	ended    bool
}

func openInput(ctx context.Context, r *block.Reader, at *format.SrchCompactInput) (*input, error) {
	f, err := Open(r, &at.File)
	if err != nil {
		return nil, err
	}
	in := &input{blk: at.Blk.Get()}
	if in.blk > f.blocks {
		return nil, fileError(&at.File, "blk of an input", fmt.Sprint(in.blk), fmt.Sprintf("at most %d", f.blocks))
	}
	in.pull, in.close = iter.Pull2(f.Leaves(ctx, in.blk))
	if in.blk == f.blocks {
		in.ended = true
		return in, nil
	}
	if err = in.nextLeaf(); err == nil {
		err = in.skip(int(at.Pos.Get()))
	}
	if err == nil {
		err = in.next()
	}
	if err != nil {
		in.close()
		return nil, err
	}
	return in, nil
}

// skip passes the entries before a place in the leaf.
func (in *input) skip(pos int) error {
	for in.d.Offset() != pos {
		e, ok := in.d.Next()
		if !ok || in.d.Offset() > pos {
			return leafError(in.leaf, "entry", fmt.Sprintf("none at byte %d", pos), "the next one of a compaction")
		}
		in.entry = e
	}
	return nil
}

// next moves to the next entry.
func (in *input) next() error {
	for {
		in.pos = uint64(in.d.Offset())
		if e, ok := in.d.Next(); ok {
			if e.Compare(in.entry) < 0 {
				return leafError(in.leaf, "entry", fmt.Sprint(e), fmt.Sprintf("at least %v", in.entry))
			}
			in.entry = e
			return nil
		}
		if err := in.d.Err(); err != nil {
			return err
		}
		in.blk, in.pos = in.blk+1, 0
		if err := in.nextLeaf(); err != nil || in.ended {
			return err
		}
	}
}

func (in *input) nextLeaf() error {
	b, err, ok := in.pull()
	if err != nil {
		return err
	}
	if !ok {
		in.ended = true
		return nil
	}
	in.leaf, in.d = b.Leaf, NewDecoder(b.Leaf)
	return nil
}

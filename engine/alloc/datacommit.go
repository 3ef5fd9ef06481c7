// SPDX-License-Identifier: GPL-2.0-or-later

package alloc

import (
	"context"
)

// Begin hands the changes that wait in the pool to a commit. What is used and
// freed from now on is part of the one after. [DataPool.End] must follow.
func (p *DataPool) Begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writing, p.coming = p.coming, dataChanges{}
}

// Apply changes the tree of free extents by what the commit that was begun has
// used, and then by what it has freed.
func (p *DataPool) Apply(ctx context.Context, x *ExtentWriter) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	// Blocks of which both is true are as free as they were.
	used, freed := p.writing.used.list, p.writing.freed.list
	for _, e := range used {
		for part := range p.writing.freed.Without(e) {
			if err := x.Remove(ctx, part); err != nil {
				return err
			}
		}
	}
	for _, e := range freed {
		for part := range p.writing.used.Without(e) {
			if err := x.Insert(ctx, part); err != nil {
				return err
			}
		}
	}
	return nil
}

// End ends the commit that was begun. If it succeeded, the pool goes on with
// the tree that it wrote; otherwise free is nil, and its changes wait for the
// next commit together with those made since.
func (p *DataPool) End(free *Extents, total uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	done := p.writing
	p.writing = dataChanges{}
	if free != nil {
		p.reset(free, total)
		return
	}
	for _, e := range done.used.list {
		p.coming.used.Add(e)
	}
	for _, e := range done.freed.list {
		p.coming.freed.Add(e)
	}
}

// SPDX-License-Identifier: GPL-2.0-or-later

package copytree

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"scoutfs/walk/tree"
)

// count changes the result.
func (c *copying) count(change func(*Result)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.result)
}

// tell passes an event on. It is called with the lock held.
func (c *copying) tell(ev Event) {
	if c.opts.Tell != nil {
		c.opts.Tell(ev)
	}
}

// copied tells of something that was copied.
func (c *copying) copied(path, to string) {
	if !c.opts.Every {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tell(Event{Kind: Copied, Path: path, To: to})
}

// fail tells that something was not copied. A target that takes nothing any
// more ends the copy.
func (c *copying) fail(path, to string, err error) {
	if c.ctx.Err() != nil && (errors.Is(err, context.Cause(c.ctx)) || errors.Is(err, context.Canceled)) {
		return // that it was stopped is told at the end
	}
	if isFatal(err) {
		c.cancel(&fs.PathError{Op: "copy", Path: path, Err: err})
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.result.Failed++
	c.tell(Event{Kind: Failed, Path: path, To: to, Err: err})
}

// notKept counts a part of a file's attributes that the target does not
// take, and tells the first of each kind.
func (c *copying) notKept(n tree.Node, source, what string, err error) {
	if isFatal(err) || c.ctx.Err() != nil {
		c.fail(source, n.Path, err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := loss{what, reason(err)}
	if c.losses[key]++; c.losses[key] == 1 {
		c.tell(Event{Kind: NotKept, Path: source, To: n.Path, What: what, Err: err})
	}
}

// results returns the counts.
func (c *copying) results() Result {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.result
	for key, n := range c.losses {
		r.NotKept = append(r.NotKept, Loss{key.what, key.reason, n})
	}
	slices.SortFunc(r.NotKept, func(a, b Loss) int {
		return cmp.Or(strings.Compare(a.What, b.What), strings.Compare(a.Reason, b.Reason))
	})
	return r
}

// SPDX-License-Identifier: GPL-2.0-or-later

package txn

import (
	"context"
	"sort"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/format"
)

// leaves counts the leaves of the private tree that a transaction changes, each
// of which the commit copies. It takes a key's memory for each leaf.
type leaves struct {
	ends    []format.Key // of all leaves but the last
	changed []bool       // as many and one more, unless the tree is empty
	n       int          // that are true
	last    int          // the leaf that was changed last
}

// leavesOf returns the leaves of a tree, of which it reads the parents.
func leavesOf(ctx context.Context, r *block.Reader, root format.Root) (leaves, error) {
	tree := btree.Tree{Reader: r, Root: root, Kind: format.TreeLogItems}
	var l leaves
	for b, err := range tree.Refs(ctx) {
		if err != nil {
			return leaves{}, err
		}
		if b.Level == 0 {
			l.ends = append(l.ends, b.Range.End)
		}
	}
	l.changed = make([]bool, len(l.ends))
	if len(l.ends) > 0 {
		l.ends = l.ends[:len(l.ends)-1]
	}
	return l, nil
}

// touch counts the leaf that a key's item is or will be in.
func (l *leaves) touch(k format.Key) {
	if len(l.changed) == 0 {
		return
	}
	if !l.inLeaf(l.last, k) {
		l.last = sort.Search(len(l.ends), func(i int) bool { return !l.ends[i].Less(k) })
	}
	if !l.changed[l.last] {
		l.changed[l.last] = true
		l.n++
	}
}

func (l *leaves) inLeaf(i int, k format.Key) bool {
	return (i == 0 || l.ends[i-1].Less(k)) && (i == len(l.ends) || !l.ends[i].Less(k))
}

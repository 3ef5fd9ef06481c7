// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"errors"
	"iter"
	"math"
	"syscall"

	"scoutfs/engine/format"
)

// Mount is a mount that has connected to the volume's server and not said
// farewell: it is alive, or was not fenced yet.
type Mount struct {
	RID    uint64
	Client *format.MountedClient
}

// Mounts returns the mounts in the order of their RIDs, from one on.
func (f *FS) Mounts(ctx context.Context, from uint64) iter.Seq2[Mount, error] {
	return func(yield func(Mount, error) bool) {
		within := format.Range{Start: format.MountedClientKey(from), End: format.MountedClientKey(math.MaxUint64)}
		for it, err := range f.tree(format.TreeMountedClients, f.snapshot.Super.MountedClients.Root()).Items(ctx, within) {
			m := Mount{RID: it.Key.First}
			if err == nil {
				if m.Client, err = format.ViewExact[format.MountedClient](it.Value); err != nil {
					err = atItem(it.Key, err)
				}
			}
			if !yield(m, err) {
				return
			}
		}
	}
}

// mounted reports whether there is a mount with a RID.
func (f *FS) mounted(ctx context.Context, rid uint64) (bool, error) {
	_, err := f.tree(format.TreeMountedClients, f.snapshot.Super.MountedClients.Root()).Lookup(ctx, format.MountedClientKey(rid))
	if errors.Is(err, syscall.ENOENT) {
		return false, nil
	}
	return err == nil, err
}

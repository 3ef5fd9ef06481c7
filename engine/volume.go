// SPDX-License-Identifier: GPL-2.0-or-later

package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/engine/fs"
)

// maxAttempts is how often a read of a volume that is being written starts
// over before it gives up.
const maxAttempts = 10

// Volume is an open volume.
type Volume struct {
	pair   device.Pair
	opts   Options
	blocks *block.Reader

	writing *writing // nil if the volume is only read

	mu      sync.Mutex // guards current
	current *fs.FS     // the one snapshot of a volume that nobody writes
}

// Devices returns the volume's devices; Data is nil if the volume was opened
// without it.
func (v *Volume) Devices() device.Pair { return v.pair }

// Blocks returns the reader of the volume's metadata blocks.
func (v *Volume) Blocks() *block.Reader { return v.blocks }

// Close makes what was changed durable and gives the devices up. Nothing of the
// volume may be read afterwards.
func (v *Volume) Close() error {
	var err error
	if v.writing != nil {
		err = v.writing.close()
	}
	v.blocks.Wait()
	return errors.Join(err, v.pair.Close())
}

// FS returns the filesystem as of the last commit: always the same of a
// volume that nobody writes, a new snapshot each time of a live one, and of one
// that is written here as its last commit left it.
func (v *Volume) FS(ctx context.Context) (*fs.FS, error) {
	if v.writing != nil {
		return fs.New(v.writing.log.Committed(), v.pair.Data), nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.current != nil && !v.opts.Live {
		return v.current, nil
	}
	f, err := v.snapshot(ctx)
	if err == nil {
		v.current = f
	}
	return f, err
}

// ErrWritten says that blocks were overwritten while they were read: somebody
// writes the volume. A volume opened with [Options].Live tries again when that
// happens, and fails with ErrWritten if it happens again and again; any other
// fails the first time. The error says which block it was.
var ErrWritten = errors.New("the volume was written while it was being read")

// Read calls f with the filesystem as of the last commit. If the volume is
// live and f fails because blocks have been written anew, f is called again
// with a new snapshot, so it must be able to start over.
//
// If the volume is open for writing, f sees everything that was changed, durable
// or not. Nothing changes until it returns, so it must not change anything
// itself, nor keep what it was given.
func (v *Volume) Read(ctx context.Context, f func(*fs.FS) error) error {
	if v.writing != nil {
		return v.writing.writer.Read(ctx, f)
	}
	for attempt := 1; ; attempt++ {
		view, err := v.FS(ctx)
		if err != nil {
			return err
		}
		err = f(view)
		written, superErr := v.Written(view, err)
		switch {
		case superErr != nil:
			return superErr
		case !written:
			return err
		case !v.opts.Live:
			return fmt.Errorf("%w: %w", ErrWritten, err)
		case attempt == maxAttempts:
			return fmt.Errorf("%w, %d times: %w", ErrWritten, attempt, err)
		}
	}
}

// Written reports whether an error that a read of a snapshot met can come from
// blocks that were written since: the device then has another super.
func (v *Volume) Written(view *fs.FS, met error) (bool, error) {
	if !maybeWritten(met) {
		return false, nil
	}
	// Blocks are written only where the last super has none, so a block
	// that is stale by the super on the device is damaged.
	super, err := readSuper(v.pair.Meta, "metadata")
	return err == nil && super.Hdr.Seq != view.Super().Hdr.Seq, err
}

// maybeWritten reports whether an error can come from blocks that were written
// since their references were taken. Not only block.ErrStale can: one that is
// being overwritten has a wrong crc. That it is damage, only the super proves
// that still refers to it (kmod/src/block.c: scoutfs_block_check_stale).
func maybeWritten(err error) bool {
	_, corrupt := errors.AsType[*format.CorruptError](err)
	return corrupt || errors.Is(err, block.ErrStale)
}

// snapshot reads the super and what it leads to. Blocks that are overwritten
// meanwhile lead to another try with a newer super; with the same super they
// are damage.
func (v *Volume) snapshot(ctx context.Context) (*fs.FS, error) {
	var before *format.Super
	for attempt := 1; ; attempt++ {
		super, err := readSuper(v.pair.Meta, "metadata")
		if err != nil {
			return nil, err
		}
		snapshot, err := forest.Load(ctx, v.blocks, super)
		if err == nil {
			return fs.New(snapshot, v.pair.Data), nil
		}
		damaged := !maybeWritten(err) || before != nil && before.Hdr.Seq == super.Hdr.Seq
		switch {
		case !damaged && attempt < maxAttempts:
		case damaged:
			return nil, fmt.Errorf("metadata device %s: %w", v.pair.Meta.Name(), err)
		default:
			return nil, fmt.Errorf("metadata device %s: %w, %d times: %w", v.pair.Meta.Name(), ErrWritten, attempt, err)
		}
		before = super
	}
}

// Use says whether a volume was unmounted everywhere.
type Use struct {
	// MountedClients: the volume's server knows mounts that have not said
	// farewell.
	MountedClients bool
	// Slots are the quorum slots whose mount has begun and not ended.
	Slots []int
}

// InUse reports whether any mount may still be running.
func (u Use) InUse() bool { return u.MountedClients || len(u.Slots) > 0 }

// Use reads what the devices say about mounts (utils/src/util.c:
// meta_super_in_use). After a crash they say the same as during a mount.
func (v *Volume) Use() (Use, error) {
	super, err := readSuper(v.pair.Meta, "metadata")
	if err != nil {
		return Use{}, err
	}
	use := Use{MountedClients: super.MountedClients.Ref.Blkno.Get() != 0}
	for slot := range format.QuorumSlots {
		if !super.Qconf.Configured(slot) {
			continue
		}
		quorum, _, err := block.ReadQuorumBlock(v.pair.Meta, slot, super.Hdr.FSID.Get())
		if err != nil {
			return Use{}, fmt.Errorf("quorum slot %d: %w", slot, err)
		}
		if quorum.InUse() {
			use.Slots = append(use.Slots, slot)
		}
	}
	return use, nil
}

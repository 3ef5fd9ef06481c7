// SPDX-License-Identifier: GPL-2.0-or-later

package server

import (
	"context"
	"fmt"
	"strings"
	"syscall"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

// UseKind is a sign that a mount may be using a volume.
type UseKind uint8

// The signs, each of which forbids to write the volume.
const (
	// UseMount: a mount has not said farewell to the volume's server.
	UseMount UseKind = iota
	// UseServer: the server that was elected in a quorum slot has not stopped
	// and was not fenced.
	UseServer
	// UseSlot: the mount of a quorum slot has begun and not ended.
	UseSlot
	// UseLog: the log trees of a mount are not finalized.
	UseLog
)

// Use is one reason why a volume must not be written.
type Use struct {
	Kind UseKind
	RID  uint64 // of the mount, as far as it is known
	Slot int    // of UseServer and UseSlot
	Term uint64 // of UseServer
	Nr   uint64 // of UseLog: the generation of the log trees
}

// String says what was found, without a period.
func (u Use) String() string {
	switch u.Kind {
	case UseMount:
		return fmt.Sprintf("mount %016x is in mounted_clients", u.RID)
	case UseServer:
		return fmt.Sprintf("the server of mount %016x in quorum slot %d was elected in term %d and has not stopped", u.RID, u.Slot, u.Term)
	case UseSlot:
		return fmt.Sprintf("mount %016x in quorum slot %d has begun and not ended", u.RID, u.Slot)
	case UseLog:
		return fmt.Sprintf("log trees %d of mount %016x are not finalized", u.Nr, u.RID)
	}
	return ""
}

// InUseError is a volume that a mount may be using, on any machine, or that
// mounts left when their machine died. It matches EBUSY.
type InUseError struct {
	Device string // the name of the metadata device
	Uses   []Use  // at least one
}

// shownUses is how many signs of use a message names.
const shownUses = 8

// Error names the reasons and what to do.
func (e *InUseError) Error() string {
	var texts []string
	for i, u := range e.Uses {
		if i == shownUses {
			texts = append(texts, fmt.Sprintf("and %d more", len(e.Uses)-i))
			break
		}
		texts = append(texts, u.String())
	}
	return e.Device + ": the volume may be in use: " + strings.Join(texts, "; ") +
		": unmount it everywhere; if its mounts are dead, see `scoutfs recover`"
}

// Unwrap returns EBUSY.
func (e *InUseError) Unwrap() error { return syscall.EBUSY }

// Uses returns what speaks against writing a volume, nothing if it was
// unmounted everywhere. A merge of logs that is not finished is no reason. What
// cannot be read is an error.
func Uses(ctx context.Context, meta device.Device, blocks *block.Reader, super *format.Super) ([]Use, error) {
	var uses []Use
	clients := btree.Tree{Reader: blocks, Root: super.MountedClients.Root(), Kind: format.TreeMountedClients}
	for it, err := range clients.Items(ctx, format.AllKeys()) {
		if err != nil {
			return nil, err
		}
		uses = append(uses, Use{Kind: UseMount, RID: it.Key.First})
	}
	slots, err := quorumUses(ctx, meta, super)
	if err != nil {
		return nil, err
	}
	uses = append(uses, slots...)
	for lt, err := range logTrees(ctx, blocks, super) {
		if err != nil {
			return nil, err
		}
		if !lt.Finalized() {
			uses = append(uses, Use{Kind: UseLog, RID: lt.RID.Get(), Nr: lt.Nr.Get()})
		}
	}
	return uses, nil
}

// quorumUses finds servers and mounts that the quorum blocks tell of. What is
// older than the last fencing is fenced (docs/format.md 9).
func quorumUses(ctx context.Context, meta device.Device, super *format.Super) ([]Use, error) {
	var uses []Use
	fenced := uint64(0)
	for slot := range format.QuorumSlots {
		if !super.Qconf.Configured(slot) {
			continue
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		q, _, err := block.ReadQuorumBlock(meta, slot, super.Hdr.FSID.Get())
		if err != nil {
			return nil, fmt.Errorf("quorum slot %d: %w", slot, err)
		}
		fenced = max(fenced, q.Events[format.QuorumEventFence].Term.Get())
		if elect := &q.Events[format.QuorumEventElect]; elect.Term.Get() > q.Events[format.QuorumEventStop].Term.Get() {
			uses = append(uses, Use{Kind: UseServer, RID: elect.RID.Get(), Slot: slot, Term: elect.Term.Get()})
		}
		if q.InUse() {
			uses = append(uses, Use{Kind: UseSlot, RID: q.Events[format.QuorumEventBegin].RID.Get(), Slot: slot})
		}
	}
	kept := uses[:0]
	for _, u := range uses {
		if u.Kind != UseServer || u.Term >= fenced {
			kept = append(kept, u)
		}
	}
	return kept, nil
}

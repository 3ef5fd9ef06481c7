// SPDX-License-Identifier: GPL-2.0-or-later

package server

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

// RecoverOptions say how to make sure that no mount is alive.
type RecoverOptions struct {
	Options
	// Watch is how long the metadata device is watched for writes of others. A
	// mount that has anything to write does so within 10 seconds
	// (kmod/src/trans.c: TRANS_SYNC_DELAY); one that has not is not noticed
	// so. 0 is DefaultWatch, and a negative time is not at all.
	Watch time.Duration
	// Answers reports whether a server answers at the address of a quorum
	// slot. nil connects to it, and waits a few seconds.
	Answers func(ctx context.Context, addr netip.AddrPort) bool
}

// DefaultWatch is a bit more than two of a mount's transactions take.
const DefaultWatch = 22 * time.Second

// AliveError is a volume that is in use, so that it must not be recovered. It
// matches EBUSY.
type AliveError struct {
	Device string // the name of the metadata device
	Signs  []string
}

// Error names the signs.
func (e *AliveError) Error() string {
	return e.Device + ": a mount is alive: " + strings.Join(e.Signs, "; ")
}

// Unwrap returns EBUSY.
func (e *AliveError) Unwrap() error { return syscall.EBUSY }

// examine looks for mounts that are alive. It returns what it has looked at
// without finding one.
func (o *RecoverOptions) examine(ctx context.Context, meta device.Device, super *format.Super) (evidence []string, err error) {
	evidence = []string{"both devices are claimed here: no mount of this machine uses them"}
	var signs []string
	for _, look := range []func(context.Context, device.Device, *format.Super) (found, without []string, err error){
		o.knock, o.watch,
	} {
		found, without, err := look(ctx, meta, super)
		if err != nil {
			return evidence, err
		}
		signs, evidence = append(signs, found...), append(evidence, without...)
	}
	if len(signs) > 0 {
		return evidence, &AliveError{Device: meta.Name(), Signs: signs}
	}
	return evidence, nil
}

// knock asks for a server at the addresses of all quorum slots: a cluster with
// mounts has one.
func (o *RecoverOptions) knock(ctx context.Context, _ device.Device, super *format.Super) (found, without []string, err error) {
	answers := o.Answers
	if answers == nil {
		answers = connects
	}
	for slot := range format.QuorumSlots {
		addr, ok := super.Qconf.Slots[slot].AddrPort()
		switch {
		case !ok:
		case answers(ctx, addr):
			found = append(found, fmt.Sprintf("a server answers at %v, the address of quorum slot %d", addr, slot))
		default:
			without = append(without, fmt.Sprintf("no server answers at %v, the address of quorum slot %d", addr, slot))
		}
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
	}
	return found, without, nil
}

// connects reports whether something accepts a connection.
func connects(ctx context.Context, addr netip.AddrPort) bool {
	const wait = 3 * time.Second
	dialer := net.Dialer{Timeout: wait}
	conn, err := dialer.DialContext(ctx, "tcp", addr.String())
	if err != nil {
		return false
	}
	// That there was a connection is all that matters.
	_ = conn.Close()
	return true
}

// watch looks whether the super or a quorum block changes.
func (o *RecoverOptions) watch(ctx context.Context, meta device.Device, super *format.Super) (found, without []string, err error) {
	watch := o.Watch
	if watch == 0 {
		watch = DefaultWatch
	}
	if watch < 0 {
		return nil, []string{"nobody watched for writes of others"}, nil
	}
	before, err := watched(meta, super)
	if err != nil {
		return nil, nil, err
	}
	timer := time.NewTimer(watch)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return nil, nil, context.Cause(ctx)
	case <-timer.C:
	}
	after, err := watched(meta, super)
	if err != nil {
		return nil, nil, err
	}
	for i := range before {
		if !bytes.Equal(before[i].bytes, after[i].bytes) {
			found = append(found, fmt.Sprintf("%s was written within %v", before[i].name, watch))
		}
	}
	return found, []string{fmt.Sprintf("nobody wrote the super block or a quorum block within %v", watch)}, nil
}

// watchedBlock is a block that mounts write.
type watchedBlock struct {
	name  string
	bytes []byte
}

// watched reads the blocks that a cluster's servers write in place, which may
// be torn.
func watched(meta device.Device, super *format.Super) ([]watchedBlock, error) {
	raw, _, err := block.ReadSuper(meta)
	if raw == nil {
		return nil, err
	}
	blocks := []watchedBlock{{"the super block", raw}}
	for slot := range format.QuorumSlots {
		_, raw, err := block.ReadQuorumBlock(meta, slot, super.Hdr.FSID.Get())
		if raw == nil {
			return nil, fmt.Errorf("quorum slot %d: %w", slot, err)
		}
		blocks = append(blocks, watchedBlock{fmt.Sprintf("the block of quorum slot %d", slot), raw})
	}
	return blocks, nil
}

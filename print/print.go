// SPDX-License-Identifier: GPL-2.0-or-later

// Package print shows the metadata of a volume: every structure and item,
// as upstream's text or as JSON lines, whole or a selection.
//
// A walker goes through the volume in the order of upstream's print and
// makes a unit of every block. Workers read, verify and encode units in
// parallel; one writer puts their output in order. Nothing else grows with
// the volume: at most [maxUnits] blocks are in memory, plus one bit for each
// block of the tree being walked.
//
// Damage never stops a print. A block that fails verification is shown all
// the same, as far as its links can be followed without going astray, and
// the damage is reported beside the output.
package print

import (
	"context"
	"fmt"
	"io"

	"scoutfs/engine/device"
)

// Format is the form of the output.
type Format int

// Forms of the output.
const (
	Text  Format = iota // upstream's text, byte for byte
	JSONL               // one JSON object a line; docs/print.md lists the members
)

// Options choose what is printed and how.
type Options struct {
	Format Format
	// SkipLikelyHuge leaves out the allocator trees of the super, the search
	// files and fs_root, as upstream's -S does. A selection overrides it.
	SkipLikelyHuge bool
	// Select restricts the output; the zero Selection is everything.
	Select Selection
	// Problem is told of everything that is wrong with the volume, in the
	// order of the output, from one goroutine. Errors that concern its
	// content are *format.CorruptError; others come from the device.
	Problem func(error)
}

// Result sums up a print.
type Result struct {
	Blocks   uint64 // blocks shown
	Items    uint64 // btree items shown
	Problems uint64 // calls of Options.Problem
	// Changed: somebody wrote the volume's super during the print.
	Changed bool
	// Overwritten counts blocks left out because they were written anew
	// after the walk had found a reference to them.
	Overwritten uint64
}

// ErrDataDevice is returned for a device whose super is the data device's;
// the super was printed.
var ErrDataDevice = fmt.Errorf("device is a data device, expected a metadata device: %w", errInvalid)

// Volume prints the volume on a metadata device to w. The error is about w,
// ctx, an invalid selection, or a device whose super cannot be read at all;
// what is wrong with the volume goes to opts.Problem and is counted in the
// result.
func Volume(ctx context.Context, meta device.Device, w io.Writer, opts Options) (Result, error) {
	if err := opts.Select.Validate(); err != nil {
		return Result{}, err
	}
	p, err := newPrinter(meta, w, opts)
	if err != nil {
		return Result{}, err
	}
	if opts.Select.isZero() {
		err = p.run(ctx, p.walkVolume)
	} else {
		err = p.run(ctx, p.walkSelection)
	}
	if err == nil && !p.super.IsMeta() {
		err = ErrDataDevice
	}
	if err != nil {
		return p.result, err
	}
	p.result.Changed, err = p.superChanged()
	return p.result, err
}

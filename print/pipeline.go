// SPDX-License-Identifier: GPL-2.0-or-later

package print

import (
	"context"
	"io"

	"golang.org/x/sync/errgroup"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

const (
	// maxUnits bounds the blocks in flight, and with them the memory: the
	// text of one block is some hundred KiB, but of one made for it can be
	// 6 MiB.
	maxUnits = 32
	// workers read blocks in parallel; on a machine with fewer processors
	// most of them wait for the device.
	workers = 8
)

// encoder turns blocks into output. Its methods append to dst and return
// it; they are called from many goroutines at once.
type encoder interface {
	super(dst []byte, s *format.Super, sum uint32) []byte
	quorum(dst []byte, slot int, q *format.QuorumBlock, sum uint32) []byte
	btreeBlock(dst []byte, u *unit, b *format.BtreeBlock) []byte
	listBlock(dst []byte, u *unit, b *format.AllocListBlock, sum uint32) []byte
	srchParent(dst []byte, u *unit, b *format.SrchParent, sum uint32) []byte
	srchBlock(dst []byte, u *unit, b *format.SrchBlock, sum uint32) []byte
	bloomBlock(dst []byte, u *unit, b *format.BloomBlock, sum uint32) []byte
	// problem appends what the output itself says about a problem.
	problem(dst []byte, err error) []byte
}

// printer is one print of one volume.
type printer struct {
	meta    device.Device
	w       io.Writer
	opts    Options
	encoder encoder
	// superBlock is the block that the print starts from, and super a view
	// of it. Everything shown is what it refers to, whatever comes after it.
	superBlock []byte
	super      *format.Super

	free   chan *unit // units that nobody uses
	queue  chan *unit // units for the workers
	order  chan *unit // all units in output order, for the writer
	result Result     // the writer's until run returns
}

// newPrinter reads the super and readies the pipeline.
func newPrinter(meta device.Device, w io.Writer, opts Options) (*printer, error) {
	p := &printer{
		meta:       meta,
		w:          w,
		opts:       opts,
		encoder:    textEncoder{},
		superBlock: device.AlignedBuffer(format.SmallBlockSize),
		free:       make(chan *unit, maxUnits),
		queue:      make(chan *unit, maxUnits),
		order:      make(chan *unit, maxUnits),
	}
	err := p.readSuper(p.superBlock)
	if err != nil {
		return nil, err
	}
	if p.super, err = format.View[format.Super](p.superBlock); err != nil {
		return nil, err
	}
	if opts.Format == JSONL {
		p.encoder = newJSONEncoder()
	}
	if p.opts.Problem == nil {
		p.opts.Problem = func(error) {}
	}
	return p, nil
}

// run prints everything that walk emits.
func (p *printer) run(ctx context.Context, walk func(*walker) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(p.queue)
		defer close(p.order)
		return walk(&walker{printer: p, ctx: ctx})
	})
	for range workers {
		group.Go(func() error {
			for u := range p.queue {
				p.encode(u)
				u.done <- struct{}{}
			}
			return nil
		})
	}
	group.Go(func() error { return p.write(ctx) })
	return group.Wait()
}

// write puts the units' output in order.
func (p *printer) write(ctx context.Context) error {
	for u := range p.order {
		<-u.done
		if _, err := p.w.Write(u.out); err != nil {
			return err
		}
		if u.kind != unitProblem {
			p.result.Blocks++
		}
		p.result.Items += uint64(u.items)
		if u.overwritten {
			p.result.Overwritten++
		}
		for _, err := range u.problems {
			p.result.Problems++
			p.opts.Problem(err)
		}
		p.free <- u
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

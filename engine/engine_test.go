// SPDX-License-Identifier: GPL-2.0-or-later

package engine_test

import (
	"context"
	"errors"
	"iter"
	"syscall"
	"testing"

	"scoutfs/engine"
	"scoutfs/engine/device"
	"scoutfs/engine/ioctl"
	"scoutfs/internal/testimage"
	"scoutfs/internal/testvolume"
)

// open opens the volume on two devices.
func open(tb testing.TB, pair device.Pair, opts engine.Options) *engine.Volume {
	tb.Helper()
	v, err := engine.OpenDevices(tb.Context(), pair, opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { closeVolume(tb, v) })
	return v
}

// build writes a volume and opens it.
func build(tb testing.TB, b *testvolume.Builder) *engine.Target {
	tb.Helper()
	return open(tb, b.Devices(tb), engine.Options{}).Target()
}

// openImage opens a test image with a cache for all of its metadata.
func openImage(tb testing.TB, img testimage.Image) *engine.Target {
	tb.Helper()
	v, err := engine.Open(tb.Context(), img.Meta, "", engine.Options{CacheBytes: 1 << 30})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { closeVolume(tb, v) })
	return v.Target()
}

func closeVolume(tb testing.TB, v *engine.Volume) {
	if err := v.Close(); err != nil {
		tb.Error(err)
	}
}

// encoded is a Target whose requests and answers travel as bytes, as they do
// between an agent and a volume that another program serves.
type encoded struct {
	ioctl.VolumeClient
	opener
}

func encode(t *engine.Target) ioctl.Target {
	return encoded{ioctl.VolumeClient{Doer: ioctl.Server{Volume: t}}, opener{t}}
}

// opener opens files whose requests travel as bytes.
type opener struct{ target *engine.Target }

func (o opener) OpenPath(ctx context.Context, path string, flags int) (ioctl.File, error) {
	return o.file(o.target.OpenPath(ctx, path, flags))
}

func (o opener) OpenIno(ctx context.Context, ino uint64, flags int) (ioctl.File, error) {
	return o.file(o.target.OpenIno(ctx, ino, flags))
}

func (o opener) Close() error { return o.target.Close() }

func (o opener) file(f ioctl.File, err error) (ioctl.File, error) {
	if err != nil {
		return nil, err
	}
	return encodedFile{ioctl.FileClient{Doer: ioctl.Server{Volume: o.target, File: f}}, f}, nil
}

type encodedFile struct {
	ioctl.FileClient
	file ioctl.File
}

func (f encodedFile) Close() error { return f.file.Close() }

func (f encodedFile) MoveBlocks(ctx context.Context, from ioctl.File, q ioctl.MoveBlocks) error {
	return f.file.MoveBlocks(ctx, from, q)
}

// bothWays runs a test with a volume that is asked directly, and asked
// through bytes.
func bothWays(t *testing.T, target *engine.Target, test func(t *testing.T, target ioctl.Target)) {
	t.Helper()
	t.Run("directly", func(t *testing.T) { test(t, target) })
	t.Run("encoded", func(t *testing.T) { test(t, encode(target)) })
}

// all returns what a sequence yields without error.
func all[T any](tb testing.TB, seq iter.Seq2[T, error]) []T {
	tb.Helper()
	var values []T
	for v, err := range seq {
		if err != nil {
			tb.Fatal(err)
		}
		values = append(values, v)
	}
	return values
}

// is fails tb unless err is an errno, or nil for 0.
func is(tb testing.TB, err error, want syscall.Errno) {
	tb.Helper()
	if want == 0 && err != nil || want != 0 && !errors.Is(err, want) {
		tb.Errorf("error is %v, want %v", err, want)
	}
}

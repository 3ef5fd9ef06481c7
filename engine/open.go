// SPDX-License-Identifier: GPL-2.0-or-later

package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"syscall"
	"time"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

// Options say how a volume is opened.
type Options struct {
	// Live opens a volume that may be mounted or written by others: its
	// devices are not claimed, and are read past the page cache. Without it
	// the devices are claimed, shared with other readers.
	Live bool
	// Write opens the volume for changing too, with [Volume.Writer]: both
	// devices are claimed for the volume alone, and no mount may have been
	// left on it. It cannot be combined with Live.
	Write bool
	// Interval is how long after a change it becomes durable by itself; 0 is
	// txn.DefaultInterval.
	Interval time.Duration
	// Clock tells the time for what is changed; nil is time.Now.
	Clock func() time.Time
	// Random returns random numbers for what is written; nil is that of
	// math/rand/v2.
	Random func() uint64
	// Logger is told of what happens in the background while a volume is
	// written; nil is nobody.
	Logger *slog.Logger
	// CacheBytes bounds the memory for metadata blocks; 0 is
	// block.DefaultCacheBytes.
	CacheBytes int64
}

// Open opens the volume on two devices. data may be empty for questions about
// metadata. A volume that was not unmounted is opened for reading as the last
// commit left it, and for writing not at all: that is a *server.InUseError.
//
// Errors say which device is missing, in use, too small, damaged, of another
// volume or in the other's place: *fs.PathError, *device.BusyError,
// *DeviceError, or a *format.CorruptError within.
func Open(ctx context.Context, meta, data string, opts Options) (*Volume, error) {
	pair, err := device.OpenPair(meta, data, device.Options{
		Write:  opts.Write,
		Shared: opts.Live,
		Direct: opts.Live,
		// Another machine may have written to a device since this one cached
		// a part of it.
		DropCache: !opts.Live && isBlockDevice(meta),
	})
	if err != nil {
		return nil, err
	}
	v, err := OpenDevices(ctx, pair, opts)
	if err != nil {
		return nil, errors.Join(err, pair.Close())
	}
	return v, nil
}

func isBlockDevice(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&os.ModeDevice != 0
}

// OpenDevices is Open with devices that are open already. The volume closes
// them unless it cannot be opened.
func OpenDevices(ctx context.Context, pair device.Pair, opts Options) (*Volume, error) {
	if opts.Write && opts.Live {
		return nil, &DeviceError{"", "a volume that others write cannot be opened for writing"}
	}
	v, err := newVolume(pair, opts)
	if err != nil {
		return nil, err
	}
	if opts.Write {
		err = v.startWriting(ctx)
	} else {
		// Damage at the roots is found here rather than at the first question.
		_, err = v.FS(ctx)
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

// newVolume checks that the devices are those of one volume.
func newVolume(pair device.Pair, opts Options) (*Volume, error) {
	if pair.Meta == nil {
		return nil, &DeviceError{"", "no metadata device was named"}
	}
	super, err := readSuper(pair.Meta, "metadata")
	if err != nil {
		return nil, err
	}
	if !super.IsMeta() {
		return nil, &DeviceError{pair.Meta.Name(), "is the data device of a volume, expected its metadata device: were the two exchanged?"}
	}
	if err := checkSize(pair.Meta, super.TotalMetaBlocks.Get(), format.LargeBlockSize); err != nil {
		return nil, err
	}
	if pair.Data != nil {
		if err := checkData(pair, super); err != nil {
			return nil, err
		}
	}
	return &Volume{
		pair: pair,
		opts: opts,
		blocks: block.NewReader(pair.Meta, block.Options{
			FSID:        super.Hdr.FSID.Get(),
			TotalBlocks: super.TotalMetaBlocks.Get(),
			CacheBytes:  opts.CacheBytes,
		}),
	}, nil
}

// DeviceError says why a device cannot be that of the volume. It matches
// EINVAL.
type DeviceError struct {
	Device  string // its name, or "" if there is none
	Problem string
}

// Error names the device and the problem.
func (e *DeviceError) Error() string {
	if e.Device == "" {
		return e.Problem
	}
	return e.Device + " " + e.Problem
}

// Unwrap returns EINVAL.
func (e *DeviceError) Unwrap() error { return syscall.EINVAL }

// readSuper reads and verifies the super of a device.
func readSuper(d device.Device, role string) (*format.Super, error) {
	const end = (format.SuperBlkno + 1) * format.SmallBlockSize
	if d.Size() < end {
		return nil, &DeviceError{d.Name(), fmt.Sprintf(
			"has %d bytes, expected %d at least: is it the %s device of a scoutfs volume?", d.Size(), end, role)}
	}
	_, super, err := block.ReadSuper(d)
	if errors.As(err, new(*format.CorruptError)) {
		// One that was being written is whole the next time.
		_, super, err = block.ReadSuper(d)
	}
	switch {
	case err == nil:
		return super, nil
	case super == nil:
		return nil, fmt.Errorf("%s device %s: %w", role, d.Name(), err)
	case super.Hdr.Magic.Get() != format.MagicSuper:
		return nil, fmt.Errorf("%s device %s: %w: is it the %s device of a scoutfs volume?", role, d.Name(), err, role)
	case role == "data":
		return nil, fmt.Errorf("%s device %s: %w: metadata can be read without it", role, d.Name(), err)
	}
	return nil, fmt.Errorf("%s device %s: %w: scoutfs print shows what is left of it", role, d.Name(), err)
}

// checkSize makes sure that a device has all the blocks that the volume
// counts on.
func checkSize(d device.Device, blocks uint64, blockSize int64) error {
	if have := uint64(d.Size() / blockSize); have < blocks {
		return &DeviceError{d.Name(), fmt.Sprintf(
			"has %d blocks of %d KiB, expected at least the %d of the volume: was it cut off?", have, blockSize>>10, blocks)}
	}
	return nil
}

// checkData makes sure that the two devices belong together.
func checkData(pair device.Pair, meta *format.Super) error {
	data, err := readSuper(pair.Data, "data")
	if err != nil {
		return err
	}
	name := pair.Data.Name()
	switch {
	case data.IsMeta():
		return &DeviceError{name, "is the metadata device of a volume, expected its data device: were the two exchanged?"}
	case data.Hdr.FSID != meta.Hdr.FSID:
		return &DeviceError{name, fmt.Sprintf("is of the volume with fsid %016x, expected fsid %016x as on %s: name the two devices of one volume",
			data.Hdr.FSID.Get(), meta.Hdr.FSID.Get(), pair.Meta.Name())}
	case data.UUID != meta.UUID:
		return &DeviceError{name, fmt.Sprintf("is of the volume with uuid %s, expected uuid %s as on %s: name the two devices of one volume",
			data.UUIDString(), meta.UUIDString(), pair.Meta.Name())}
	case data.FmtVers != meta.FmtVers:
		return &DeviceError{name, fmt.Sprintf("has format version %d, expected %d as on %s: run change-format-version again",
			data.FmtVers.Get(), meta.FmtVers.Get(), pair.Meta.Name())}
	}
	return checkSize(pair.Data, meta.TotalDataBlocks.Get(), format.SmallBlockSize)
}

// SPDX-License-Identifier: GPL-2.0-or-later

package convert

import (
	"context"
	"fmt"
	"syscall"

	"github.com/google/uuid"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

// VersionChange is the outcome of ChangeFormatVersion.
type VersionChange struct {
	Volume          // as it is now
	FromMeta uint64 // what the two supers said before; they differ after an interruption
	FromData uint64
}

// Changed reports whether anything was written.
func (c VersionChange) Changed() bool {
	return c.FromMeta != c.FormatVersion || c.FromData != c.FormatVersion
}

// ChangeFormatVersion raises the format version in both supers of an
// unmounted volume. Items stay as they are: the newer version reads what the
// older one wrote (docs/format.md 10).
//
// Refusals come before the first write, in this order: a version there is
// not (EINVAL), *SuperError, *WrongDeviceError, *VersionError, *InUseError,
// *DowngradeError. A volume
// that has the version already is left alone, whether it is in use or not.
func ChangeFormatVersion(ctx context.Context, pair device.Pair, version uint64) (VersionChange, error) {
	if version < format.MinVersion || version > format.MaxVersion {
		return VersionChange{}, fmt.Errorf("format version %d is outside the supported range %d-%d: %w",
			version, format.MinVersion, format.MaxVersion, syscall.EINVAL)
	}
	meta, data, err := readPair(pair)
	if err != nil {
		return VersionChange{}, err
	}
	change := VersionChange{Volume: meta.volume(), FromMeta: meta.FmtVers.Get(), FromData: data.FmtVers.Get()}
	change.FormatVersion = version
	if !change.Changed() {
		return change, nil
	}
	if err := checkUnused(ctx, pair.Meta, meta); err != nil {
		return VersionChange{}, err
	}
	if change.FromMeta > version || change.FromData > version {
		return VersionChange{}, &DowngradeError{Meta: change.FromMeta, Data: change.FromData, Version: version}
	}
	for _, side := range []struct {
		super super
		dev   device.Device
	}{{data, pair.Data}, {meta, pair.Meta}} {
		if side.super.FmtVers.Get() == version {
			continue
		}
		side.super.FmtVers.Set(version)
		if err := side.super.write(ctx, side.dev); err != nil {
			if side.dev == pair.Meta {
				err = &UnfinishedError{err}
			}
			return VersionChange{}, err
		}
	}
	return change, nil
}

// readPair reads both supers and makes sure that they belong together, each
// in its place.
func readPair(pair device.Pair) (meta, data super, err error) {
	if meta, err = readSuper(pair.Meta, Meta, 0); err != nil {
		return meta, data, err
	}
	if data, err = readSuper(pair.Data, Data, meta.Hdr.FSID.Get()); err != nil {
		return meta, data, err
	}
	switch {
	case !meta.IsMeta():
		err = &WrongDeviceError{Meta, pair.Meta.Name()}
	case data.IsMeta():
		err = &WrongDeviceError{Data, pair.Data.Name()}
	case meta.UUID != data.UUID:
		err = &SuperError{Data, pair.Data.Name(), &format.CorruptError{
			Structure: "super block",
			Place:     fmt.Sprintf("blkno %d", format.SuperBlkno),
			Field:     "uuid",
			Found:     uuid.UUID(data.UUID).String(),
			Expected:  uuid.UUID(meta.UUID).String(),
		}}
	default:
		if err = meta.checkVersion(Meta); err == nil {
			err = data.checkVersion(Data)
		}
	}
	return meta, data, err
}

// SPDX-License-Identifier: GPL-2.0-or-later

package engine

import (
	"context"
	"errors"
	"time"

	"scoutfs/engine/device"
	"scoutfs/engine/server"
)

// RecoverOptions say how a volume is recovered.
type RecoverOptions struct {
	// Watch is how long the metadata device is watched for writes of mounts; 0
	// is server.DefaultWatch, and a negative time not at all.
	Watch time.Duration
	// CacheBytes bounds the memory for metadata blocks; 0 is
	// block.DefaultCacheBytes.
	CacheBytes int64
}

// Recover makes a volume whose mounts died one that was unmounted everywhere,
// as [server.Recover] does, whose errors it has besides those of [Open]. The
// report is not nil once the devices are known to be those of a volume, also
// with an error. One without uses is of a volume with nothing to recover.
func Recover(ctx context.Context, meta, data string, opts RecoverOptions) (report *server.Report, err error) {
	pair, err := device.OpenPair(meta, data, device.Options{
		Write: true,
		// The page cache would not show what other machines write, neither
		// before nor while they are watched for.
		Direct:    true,
		DropCache: isBlockDevice(meta),
	})
	if err != nil {
		return nil, err
	}
	v, err := newVolume(pair, Options{CacheBytes: opts.CacheBytes})
	if err != nil {
		return nil, errors.Join(err, pair.Close())
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	return server.Recover(ctx, pair, v.blocks, server.RecoverOptions{Watch: opts.Watch})
}

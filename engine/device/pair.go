// SPDX-License-Identifier: GPL-2.0-or-later

package device

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Pair is the two devices of a volume. Either may be nil when a job needs only
// one of them.
type Pair struct {
	Meta Device
	Data Device
}

// OpenPair opens both devices with the same options. An empty path leaves that
// device nil. It refuses one device under two names, which [Open] alone cannot
// see when opts.Shared is set. If either cannot be opened, neither is held.
func OpenPair(meta, data string, opts Options) (Pair, error) {
	if meta != "" && data != "" && Same(meta, data) {
		return Pair{}, fmt.Errorf("%s and %s are the same device: %w", meta, data, unix.EINVAL)
	}
	var pair Pair
	var err error
	if meta != "" {
		if pair.Meta, err = Open(meta, opts); err != nil {
			return Pair{}, err
		}
	}
	if data != "" {
		if pair.Data, err = Open(data, opts); err != nil {
			return Pair{}, errors.Join(err, pair.Close())
		}
	}
	return pair, nil
}

// Close closes the devices that are not nil, the data device first, and returns
// the errors of both.
func (p Pair) Close() error {
	var errs []error
	for _, d := range []Device{p.Data, p.Meta} {
		if d != nil {
			errs = append(errs, d.Close())
		}
	}
	return errors.Join(errs...)
}

// Same reports whether two paths lead to one file, or to nodes of one block
// device. It is false when either cannot be looked at: opening it will say why.
func Same(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	if errA != nil || errB != nil {
		return false
	}
	if os.SameFile(infoA, infoB) {
		return true
	}
	devA, okA := blockNumber(infoA)
	devB, okB := blockNumber(infoB)
	return okA && okB && devA == devB
}

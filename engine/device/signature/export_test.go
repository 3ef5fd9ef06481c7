// SPDX-License-Identifier: GPL-2.0-or-later

package signature

import "golang.org/x/sys/unix"

// WithStat replaces stat, for device files that only root could make.
func WithStat(stat func(path string, st *unix.Stat_t) error) Option {
	return func(h *host) { h.stat = stat }
}

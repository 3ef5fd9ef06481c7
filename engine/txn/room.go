// SPDX-License-Identifier: GPL-2.0-or-later

package txn

import (
	"context"
	"fmt"
	"syscall"
)

// makeRoom is what an operation waits for while free metadata blocks run low.
// It returns an error if there is no room for it.
func (l *Log) makeRoom(_ context.Context, kind Kind) error {
	if kind == Freeing || !l.server.Low() {
		return nil
	}
	return fmt.Errorf("free metadata blocks run low: %w", syscall.ENOSPC)
}

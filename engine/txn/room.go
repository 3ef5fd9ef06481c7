// SPDX-License-Identifier: GPL-2.0-or-later

package txn

import (
	"context"
	"fmt"
	"syscall"
)

// makeRoom returns an error if there is no room for operations that allocate.
func (l *Log) makeRoom(context.Context) error {
	if !l.server.Low() {
		return nil
	}
	return fmt.Errorf("free metadata blocks run low: %w", syscall.ENOSPC)
}

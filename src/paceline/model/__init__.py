"""The records that both halves share: frozen data, standard library only."""

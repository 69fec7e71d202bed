<?php
preg_match_all('/[a-z]+/', strtolower(file_get_contents('/work/words.txt')), $found);
$counts = array_count_values($found[0]);
ksort($counts);
file_put_contents('/work/counts.json', json_encode($counts));
echo 'PHP ', PHP_MAJOR_VERSION, '.', PHP_MINOR_VERSION, "\n";
echo file_get_contents('/work/counts.json'), "\n";
